"""The whole server in this process: models, gRPC and REST, started and stopped together."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Self

from kit.os_errors import reason_of
from kit.serving.batching import servable_class_of
from kit.serving.errors import ServerError
from kit.serving.grpc_api import GrpcServer
from kit.serving.hooks import Chain, Interceptor, Measured, make_interceptors
from kit.serving.inference import Inference
from kit.serving.loading import make_loader
from kit.serving.manager import Manager
from kit.serving.metrics import Metrics
from kit.serving.rest import RestServer
from kit.serving.settings import Addresses, Settings


class ModelServer:
    """A server with threads in this process. `kit.serving.process.Server` has a process of its own.

    Attributes:
        manager: the manager of its models.
        inference: the part that answers.
    """

    def __init__(self, settings: Settings, interceptors: Sequence[Interceptor] = ()) -> None:
        """Build the server; nothing is loaded and nothing listens yet.

        Args:
            settings: the server's settings.
            interceptors: called after those that the settings name.
        """
        self._settings = settings
        servable_class, chain = servable_class_of(settings), [*make_interceptors(settings), *interceptors]
        path = settings.metrics_path()
        self._metrics = Metrics(path) if path else None
        if self._metrics:
            # The metrics come first, so that they see what the others refuse.
            servable_class, chain = self._metrics.timed(servable_class), [self._metrics, *chain]
        self._chain = Chain(chain)
        self.manager = Manager(settings, make_loader(settings, servable_class), self._chain.configure)
        if self._metrics:
            self._metrics.watch(self.manager)
            for interceptor in chain:
                if isinstance(interceptor, Measured):
                    self._metrics.registry.register(interceptor)
        self.inference = Inference(self.manager, settings, self._chain)
        self._running = ExitStack()

    def start(self) -> Addresses:
        """Load the models, then listen; return where.

        Raises:
            ServingError: when a model cannot be served.
            ServerError: when the configuration cannot be read, or a host or port is not available.
        """
        with ExitStack() as started:
            started.callback(self._chain.close)
            _check_host(self._settings.host)  # first: models may take minutes to load
            started.callback(self.manager.stop)
            self.manager.start()
            grpc_address = None
            if self._settings.port is not None:
                grpc_server = GrpcServer(self.inference, self._settings)
                started.callback(grpc_server.stop)
                grpc_address = grpc_server.start()
            rest_address = None
            if self._settings.rest_api_port is not None:
                rest_server = RestServer(self.inference, self._settings, self._metrics)
                rest_address = rest_server.start()
                started.callback(rest_server.stop)
            self._running = started.pop_all()
        return Addresses(_bracketed(grpc_address), _bracketed(rest_address))

    def stop(self) -> None:
        """Let running requests finish, then unload everything."""
        self._running.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _check_host(host: str) -> None:
    if problem := _problem_with(host):
        raise ServerError(
            f"A server must listen on an address of this machine, but host is {host!r}: {reason_of(problem)}. Give for "
            "example 127.0.0.1, ::1, or 0.0.0.0 for all addresses."
        ) from problem


def _problem_with(host: str) -> OSError | None:
    """Return why none of a host's addresses can be listened on; None: one can."""
    problem: OSError | None = None
    try:
        found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)
    except OSError as error:
        return error
    for family, *_, address in found:
        try:
            socket.create_server(address[:2], family=family).close()
        except OSError as error:
            problem = error
        else:
            return None
    return problem


def _bracketed(address: str | None) -> str | None:
    """Return host and port as clients and URLs take them, an IPv6 host in brackets."""
    host, _, port = (address or "").rpartition(":")
    return f"[{host}]:{port}" if ":" in host else address
