"""A fresh server process for one package: started, awaited until ready, measured, and ended."""

from __future__ import annotations

import json
import re
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import psutil
from tensorflow_serving.apis import prediction_service_pb2_grpc

from kit.errors import InfraCheckError
from kit.serving.errors import ServerError, ServingError
from kit.serving.process import Server
from kit.serving.settings import Settings
from kit.units import BYTES_PER_MB

_VERSION = 1  # of the server's only model
_PROC = Path("/proc")
_DYING_SECONDS = 1.0  # a killed process closes its connections before it is gone
_LOOK_SECONDS = 0.2  # to learn of a process that it is gone


@dataclass(frozen=True)
class FreshServer:
    """A server that is ready.

    Attributes:
        model: name that it serves the package under.
        rest_address: host:port of REST; None: the server has no REST.
        load_seconds: the seconds from the start of its process until the version was available; TensorFlow's import is
            in it where no warm process runs.
        predictions: the stub of gRPC's PredictionService.
        pid: the id of its process.
    """

    model: str
    rest_address: str | None
    load_seconds: float
    predictions: Any
    pid: int

    def peak_memory_mb(self) -> float | None:
        """Return the peak memory of the process so far, in megabytes; None: it is gone.

        Where the system does not record the peak of another process (macOS), it is the current memory.
        """
        status = _PROC / str(self.pid) / "status"
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
        if found:
            return int(found[1]) * 1024 / BYTES_PER_MB
        with suppress(psutil.Error):
            return float(psutil.Process(self.pid).memory_info().rss) / BYTES_PER_MB
        return None

    def post(self, method: str, body: str, seconds: float) -> Any:
        """Ask by REST; return what the JSON of the answer holds.

        Args:
            method: the method, such as `predict`.
            body: the request, in JSON.
            seconds: the seconds in which it has to answer.

        Raises:
            OSError: when it does not answer, or answers with an error, which the message has.
            ValueError: when the answer is not JSON.
        """
        url = f"http://{self.rest_address}/v1/models/{self.model}:{method}"
        request = urllib.request.Request(url, data=body.encode(), method="POST")
        try:
            with urllib.request.urlopen(request, timeout=seconds) as response:  # noqa: S310
                return json.load(response)
        except urllib.error.HTTPError as error:
            raise OSError(f"{error.code}: {error.read().decode(errors='replace')}") from None


@contextmanager
def fresh_server(package: Path, model: str, limit_seconds: float) -> Iterator[FreshServer]:
    """Start a process that serves a package, and give it when it is ready; it ends with the block.

    Args:
        package: folder of a SavedModel.
        model: name to serve it under.
        limit_seconds: the seconds in which it has to be ready.

    Raises:
        InfraCheckError: when it cannot load the package or warm up with its requests, takes longer, or dies within
            the block.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / model).mkdir()
        (folder / model / str(_VERSION)).symlink_to(package.resolve(), target_is_directory=True)
        settings = Settings(port=0, rest_api_port=0, model_name=model, model_base_path=str(folder / model))
        server = Server(settings, log_path=folder / "log", start_seconds=limit_seconds)
        stack.callback(server.stop)
        started = time.monotonic()
        try:
            addresses = server.start()  # forked from the warm process if there is one, which saves seconds
        except (ServingError, ServerError) as error:
            raise InfraCheckError(
                f"A fresh server must be ready with the package within release.max_load_seconds of {limit_seconds:g}, "
                f"but said: {error} Correct the model, or raise the limit in project.yml if it only needs more time."
            ) from error
        load_seconds = time.monotonic() - started
        channel = stack.enter_context(grpc.insecure_channel(str(addresses.grpc)))
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        try:
            yield FreshServer(model, addresses.rest, load_seconds, stub, server.pid or 0)
        except InfraCheckError as error:  # perhaps only since it died
            if died := server.died_within(_DYING_SECONDS):
                raise _died(died) from error
            raise
        if died := server.died_within(_LOOK_SECONDS):  # nobody knows how much memory it used
            raise _died(died)


def _died(how: str) -> InfraCheckError:
    return InfraCheckError(
        f"A fresh server must run until every request is answered, but its process died ({how}). Run 05_release again; "
        "if it dies again, make the model smaller, or give the machine more memory."
    )


@contextmanager
def fresh_server_meanwhile(
    package: Path, model: str, limit_seconds: float
) -> Iterator[Callable[[], FreshServer]]:
    """Start the same in the background; gives a function that waits until it is ready.

    Args:
        package: folder of a SavedModel.
        model: name to serve it under.
        limit_seconds: the seconds in which it has to be ready.
    """
    # The thread ends first, so that a server that is starting when something else fails is stopped, too.
    with ExitStack() as stack, ThreadPoolExecutor(1, "fresh-server") as thread:
        yield thread.submit(stack.enter_context, fresh_server(package, model, limit_seconds)).result
