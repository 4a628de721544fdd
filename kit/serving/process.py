"""A server in a process of its own, which ends with the process that started it, however that ends.

The child comes from `kit.warm`: forked from the warm process, it has TensorFlow imported already and is ready as soon
as the model is loaded; a new interpreter imports TensorFlow first.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Self

from kit import warm
from kit.errors import KitError
from kit.serving.errors import ServerError
from kit.serving.settings import Addresses, Settings
from kit.signals import how_it_ended

_TARGET = "kit.serving.process:serve"
_LOOK_SECONDS = 0.01
_STOP_SECONDS = 5.0  # to unload, after `drain_seconds` for the requests
_TAIL_LINES = 10
_SWITCH_SECONDS = 0.0005
"""The server's thread switch interval, a tenth of Python's default: a thread that loads a new version holds a request
up for no longer than that."""
_GARBAGE = (50_000, 4, 2)
"""Thresholds of the garbage collector, the first instead of 700 objects: a request leaves no cycles, and collecting
costs a fiftieth of the time. The graphs of unloaded versions are cycles, so every eighth collection covers
everything."""
_LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class Server:
    """A model server in a child process, for notebooks, tests and the command line.

    Attributes:
        settings: the settings that it is started with.
        addresses: its addresses, once it is started.
        log_path: the file with its output.
    """

    def __init__(
        self, settings: Settings, *, log_path: Path | None = None, start_seconds: float = 120
    ) -> None:
        """Prepare a server; nothing is started yet.

        Args:
            settings: the server's settings.
            log_path: the file that its output is appended to; its folder must exist. None: a temporary file.
            start_seconds: the time limit to become ready, with every model loaded and warmed up.
        """
        self.settings, self.addresses = settings, Addresses(None, None)
        self._start_seconds = start_seconds
        self._running = ExitStack()
        self._log_path, self.log_path = log_path, log_path or Path(os.devnull)
        self._call: warm.WarmCall | None = None

    def start(self, *, forked: bool | None = None) -> Addresses:
        """Start the server and wait until it is ready; return where it listens.

        Args:
            forked: True forks the warm process, which is started if there is none; False starts a new interpreter;
                None forks the warm process if it runs.

        Raises:
            ServingError: when a model cannot be served.
            ServerError: when the configuration or a port is not right, or the server died or took too long.
        """
        self.stop()
        if forked is None:
            forked = _is_warm()
        with ExitStack() as started:
            if self._log_path is None:
                folder = started.enter_context(tempfile.TemporaryDirectory(prefix="kit-serving-"))
                self.log_path = Path(folder) / "server.log"
            self._call = warm.start_call(
                _TARGET,
                json.dumps(asdict(self.settings)).encode(),
                log_path=self.log_path,
                env=dict(os.environ) if forked else _plain_environment(),
            )
            started.enter_context(self._call)
            self.addresses = self._await_ready(self._call)
            self._running = started.pop_all()
        return self.addresses

    def _await_ready(self, call: warm.WarmCall) -> Addresses:
        deadline = time.monotonic() + self._start_seconds
        while time.monotonic() < deadline:
            outcome = call.wait(_LOOK_SECONDS)
            if isinstance(outcome, warm.CallRaised) and isinstance(error := outcome.exception(), KitError):
                raise error
            if outcome is not None:
                raise ServerError(
                    f"The server should have become ready, but: {outcome.message}\n{self._tail()}\n"
                    "Correct that and start it again."
                )
            if call.progress:
                return Addresses(*json.loads(call.progress))
        raise ServerError(
            f"The server should have been ready within {self._start_seconds:g} s, but was not.\n{self._tail()}\n"
            "Give it more time with start_seconds, or load fewer models."
        )

    def _tail(self) -> str:
        try:
            return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-_TAIL_LINES:])
        except OSError:  # it died before it could write anything
            return ""

    @property
    def pid(self) -> int | None:
        """The id of the server's process, or None when it is not started."""
        return self._call.pid if self._call else None

    @property
    def alive(self) -> bool:
        """Whether the server's process runs."""
        return self._call is not None and self._call.wait(0) is None

    def died_within(self, seconds: float) -> str:
        """Wait that long at most, and say how its process died; empty: it runs, was never started, or ended itself."""
        outcome = self._call.wait(seconds) if self._call else None
        return how_it_ended(outcome.returncode) if isinstance(outcome, warm.CallDied) else ""

    def stop(self) -> None:
        """Let the server finish running requests, and wait until its process is gone; does nothing if none runs."""
        if self._call and self.alive:
            with suppress(ProcessLookupError):
                os.kill(self._call.pid, signal.SIGTERM)
            self._call.wait(self.settings.drain_seconds + _STOP_SECONDS)
        self._running.close()
        self._call, self.addresses = None, Addresses(None, None)

    def __enter__(self) -> Self:
        if self._call is None:
            self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _is_warm() -> bool:
    try:
        return warm.status() is not None
    except warm.WarmUnavailableError:  # a warm process is not possible here
        return False


def _plain_environment() -> dict[str, str]:
    return {"TF_CPP_MIN_LOG_LEVEL": "3", **os.environ, "KIT_WARM": "off"}


def serve(payload: bytes, report: Callable[[str], None]) -> bytes:
    """Run the server in the child process until SIGTERM.

    Args:
        payload: the settings as JSON.
        report: called with the addresses as JSON, once the server is ready.
    """
    run_until_stopped(Settings(**json.loads(payload)), lambda addresses: report(json.dumps(addresses)))
    return b""


def run_until_stopped(settings: Settings, ready: Callable[[Addresses], None]) -> None:
    """Serve in this process until SIGTERM or SIGINT; must run in the main thread.

    Args:
        settings: the server's settings.
        ready: called with where it listens, once every model is loaded.

    Raises:
        ServingError: when a model cannot be served.
        ServerError: when the configuration or a port is not right.
    """
    _at_a_signal(lambda: os._exit(0))  # while nothing is answered, there is nothing to finish
    # The warm process has imported libraries that set up logging of their own.
    logging.basicConfig(level=logging.INFO, format=_LOG_FORMAT, stream=sys.stderr, force=True)
    # Otherwise each stranger that does not speak HTTP writes a line.
    logging.getLogger("tornado.general").setLevel(logging.WARNING)
    sys.setswitchinterval(_SWITCH_SECONDS)
    from kit.serving.server import ModelServer  # noqa: PLC0415  imports TensorFlow, which the parent does without

    gc.collect()
    gc.freeze()  # otherwise a collection during a load goes through all of TensorFlow, and requests wait a second
    gc.set_threshold(*_GARBAGE)
    with ModelServer(settings) as server:
        addresses, stopping = server.start(), threading.Event()
        _at_a_signal(stopping.set)
        ready(addresses)
        stopping.wait()


def _at_a_signal(act: Callable[[], None]) -> None:
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: act())
