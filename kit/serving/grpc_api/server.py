"""The gRPC server: its port, threads, limits and shutdown."""

from __future__ import annotations

import logging
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

from kit.serving.batching.parameters import Batching
from kit.serving.errors import ServerError, cannot_listen
from kit.serving.grpc_api.front import Front
from kit.serving.grpc_api.health import Health
from kit.serving.grpc_api.model import ModelServicer
from kit.serving.grpc_api.prediction import PredictionServicer
from kit.serving.grpc_api.services import describe_services
from kit.serving.inference import Inference
from kit.serving.settings import Settings

_CANCEL_SECONDS = 1.0
"""For the core to cancel what still runs after `drain_seconds`."""
_LOG = logging.getLogger(__name__)
HEALTH = health_pb2.DESCRIPTOR.services_by_name["Health"].full_name


class GrpcServer:
    """Serves `Inference` and its manager through gRPC, between `start` and `stop`."""

    def __init__(self, inference: Inference, settings: Settings) -> None:
        self._inference, self._settings = inference, settings
        self._front: Front | None = None
        self._health = Health(inference.manager, describe_services())
        self._threads = ThreadPoolExecutor(settings.grpc_max_threads, "serving-grpc")
        self._server = grpc.server(
            self._threads,
            options=_options(settings),
            maximum_concurrent_rpcs=settings.max_concurrent_requests,
        )

    def start(self) -> str:
        """Listen; return the address, host and port.

        Raises:
            ServerError: when the port or the socket is not available.
        """
        manager, server = self._inference.manager, self._server
        servicer = PredictionServicer(self._inference)
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(servicer, server)
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(ModelServicer(manager), server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health.servicer, server)
        reflection.enable_server_reflection((*describe_services(), HEALTH, reflection.SERVICE_NAME), server)
        if self._settings.grpc_socket_path:
            self._bind_socket(self._settings.grpc_socket_path)
        self._front = front = Front.listening(
            server,
            self._inference,
            self._threads.submit,
            self._settings,
            batches_at_once=self._batches_at_once(),
        )
        port = front.port if front else self._bind(f"{self._settings.host}:{self._settings.port}")
        server.start()
        if front:
            front.start()
        self._health.start()
        return f"{self._settings.host}:{port}"

    def _batches_at_once(self) -> int:
        settings = self._settings
        return (
            Batching.of(settings.batching_parameters()).num_batch_threads if settings.enable_batching else 1
        )

    def _bind(self, address: str) -> int:
        try:
            return int(self._server.add_insecure_port(address))
        except RuntimeError as error:
            raise cannot_listen(address, error) from error

    def _bind_socket(self, path: str) -> None:
        # gRPC would put its own socket in the place of another server's, which would go on without clients.
        if _answers(path):
            raise ServerError(
                f"grpc_socket_path must not be in use, but a server listens on {path}. Stop it, or choose another path."
            )
        try:
            self._server.add_insecure_port(f"unix:{path}")
        except RuntimeError as error:
            raise ServerError(
                f"grpc_socket_path must be a path where a socket can be made, but it is {path} ({error}). Choose a "
                "short path in a folder that exists."
            ) from error

    def stop(self) -> None:
        """Accept no more requests, and give running ones `drain_seconds` to finish."""
        self._health.stop()
        seconds = self._settings.drain_seconds
        stopped = self._server.stop(seconds)
        if self._front:
            self._front.drain(seconds)
        if not stopped.wait(seconds + _CANCEL_SECONDS):
            _LOG.warning("Requests of gRPC had not finished after drain_seconds.")
        if self._front:
            self._front.close()
        # Without a wait: a thread may be busy for as long as it likes.
        self._threads.shutdown(wait=False, cancel_futures=True)


def _answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe, suppress(OSError):
        probe.connect(path)
        return True
    return False


def _options(settings: Settings) -> list[tuple[str, Any]]:
    """Return the server's options; those of grpc_channel_arguments come last and so win."""
    options: list[tuple[str, Any]] = [
        ("grpc.max_receive_message_length", settings.max_message_bytes),
        ("grpc.max_send_message_length", settings.max_message_bytes),
        # Otherwise a second server on the same port starts, and takes half of the requests.
        ("grpc.so_reuseport", 0),
    ]
    options += settings.channel_arguments()
    return options
