"""Predict without a thread for each request: one thread reads many of them, and they are computed together.

`grpc.server` wakes two threads for each request, which then wait for each other and for Python's lock. That costs as
much as a small model's answer. So `pygrpc_native`, a gRPC server in Rust, listens instead: it hands over all calls of
Predict that wait at once, and passes the calls of every other method on to `grpc.server`, which listens at a name that
only this machine has. Where it cannot do what the settings ask, `grpc.server` listens by itself, and answers Predict
too.

The thread reads all waiting messages, computes a batch or has it computed, and sends the answers; requests that arrive
meanwhile form the next batch. It does each of these steps for all requests before it begins the next step: code that
has just run is still in the processor's cache.
"""

from __future__ import annotations

import logging
import math
import os
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, Self

import grpc
from pygrpc_native import EVENT_CALL, NativeGrpcFront

from kit.serving.errors import ServingError, cannot_listen
from kit.serving.gathering import BROKEN, Gathering, Submit
from kit.serving.grpc_api.calls import MOST_LETTERS
from kit.serving.headers import VERSION_HEADER
from kit.serving.inference import Inference
from kit.serving.predictions import Later
from kit.serving.settings import Settings

PREDICT = "/tensorflow.serving.PredictionService/Predict"
_IN_A_ROW = 512  # most calls that are read before a batch is computed
_LARGE_BYTES = 1 << 18
"""A message of this size takes longer to parse than a thread takes to wake up, and all others would wait meanwhile."""
_LONGEST_READ_SECONDS = 0.05
"""A batch that waits is looked at so often: it need not wait any more when the server stops."""
_FLUSH_SECONDS = 0.1
"""What was answered needs a moment to leave; closing does not wait for it."""
_POLL_SECONDS = 0.005
_MILLISECOND = 0.001
_OPTIONS = (
    "keepalive_time_ms",
    "keepalive_timeout_ms",
    "keepalive_permit_without_calls",
    "max_concurrent_streams",
)
_LOG = logging.getLogger(__name__)


class Front:
    """Listens in the place of `grpc.server`, answers Predict, and passes everything else on to it."""

    def __init__(
        self, native: Any, inference: Inference, submit: Submit, settings: Settings, at_once: int
    ) -> None:
        """Use `listening` instead."""
        self._native, self._inference, self._submit = native, inference, submit
        self._most, self._most_bytes = settings.max_concurrent_requests, settings.max_message_bytes
        self._by_reader = inference.quick and at_once == 1
        self._gathering = Gathering(at_once, submit, by_reader=self._by_reader)
        self._under_way: set[int] = set()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="serving-predict", daemon=True)

    @classmethod
    def listening(
        cls,
        server: grpc.Server,
        inference: Inference,
        submit: Submit,
        settings: Settings,
        *,
        batches_at_once: int,
    ) -> Self | None:
        """Listen for a server that has not started yet, and let it listen for what is passed on.

        Args:
            server: made by `grpc.server`.
            inference: the part that answers.
            submit: runs work in another thread that would hold up the reading one.
            settings: the server's settings.
            batches_at_once: how many batches are computed at once.

        Returns:
            None when the server must listen by itself.

        Raises:
            ServerError: when the port is not available.
        """
        options = _options(settings)
        if options is None:
            return None
        address = f"{settings.host}:{settings.port}"
        try:
            with _in_no_hurry():
                native = NativeGrpcFront(
                    address, [(PREDICT, False)], io_threads=1, call_details=True, **options
                )
        except OSError as error:
            raise cannot_listen(address, error) from error
        behind = f"kit-serving-{uuid.uuid4().hex}"
        server.add_insecure_port(f"unix-abstract:{behind}")
        native.set_fallback(f"\0{behind}")
        return cls(native, inference, submit, settings, batches_at_once)

    @property
    def port(self) -> int:
        """The port on which it listens."""
        return int(self._native.bound_port)

    def start(self) -> None:
        """Answer; the server behind must have started."""
        self._native.start()
        self._thread.start()

    def drain(self, seconds: float) -> None:
        """Refuse new calls, and wait for so long at most until all others are answered."""
        self._stopping = True
        self._gathering.wait_no_more()
        deadline = time.monotonic() + seconds
        while self._under_way and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)

    def close(self) -> None:
        """End all connections, a moment after the last answer."""
        time.sleep(_FLUSH_SECONDS)
        self._native.close()
        self._thread.join(_FLUSH_SECONDS)  # it may be computing for as long as it likes

    def _run(self) -> None:
        until: float | None = None
        while (events := self._read(until)) is not None:
            for kind, call, _method, message, _key, details in events:
                if kind == EVENT_CALL:
                    self._begin(call, message, details)
            try:
                until = self._gathering.work()
            except Exception:  # noqa: BLE001  whatever it is, the thread must go on
                _LOG.exception("A batch broke the server's own code.")
                until = 0.0

    def _read(self, until: float | None) -> Any:
        """Return the waiting events; if there are none, wait for one until a time (None: for ever)."""
        seconds = None if until is None else min(until - time.time(), _LONGEST_READ_SECONDS)
        if seconds is not None and 0 < seconds < _MILLISECOND:  # the shortest wait that reading knows
            time.sleep(seconds)
            seconds = 0
        wait = None if seconds is None else max(int(seconds / _MILLISECOND), 0)
        return self._native.recv_batch_details(_IN_A_ROW, wait)

    def _begin(self, call: int, message: bytes, details: Any) -> None:
        pairs, _peer, remaining = details
        if refusal := self._refusal(message, remaining):
            self._fail(call, refusal)
            return
        self._under_way.add(call)
        metadata = {key: value for key, value in pairs if isinstance(value, str)}
        deadline = math.inf if remaining is None else time.time() + remaining
        later = Later(partial(self._reply, call), self._submit, self._gathering.add, deadline)
        if self._inference.quick and len(message) < _LARGE_BYTES:
            self._answer(message, metadata, later)
        else:
            self._submit(partial(self._answer_here, message, metadata, later))

    def _refusal(self, message: bytes, remaining: float | None) -> ServingError | None:
        """Return why a call is not answered, if it is not."""
        if self._stopping:
            return ServingError(grpc.StatusCode.UNAVAILABLE, "Server is shutting down")
        if len(message) > self._most_bytes:
            return self._too_large("Received", message)
        if len(self._under_way) >= self._most:
            return ServingError(grpc.StatusCode.RESOURCE_EXHAUSTED, "Concurrent RPC limit exceeded!")
        if remaining is not None and remaining <= 0:
            return ServingError(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")
        return None

    def _too_large(self, way: str, message: bytes) -> ServingError:
        """Return the refusal of a message, in the words of gRPC's core."""
        text = f"SERVER: {way} message larger than max ({len(message)} vs. {self._most_bytes})"
        return ServingError(grpc.StatusCode.RESOURCE_EXHAUSTED, text)

    def _answer_here(self, message: bytes, metadata: dict[str, str], later: Later) -> None:
        """Answer in a thread that may block; not in a batch if the reader computes: it would not notice a new one."""
        if self._by_reader:
            self._answer(message, metadata, later._replace(gather=None))
        else:
            self._answer(message, metadata, later)
            self._gathering.work()

    def _answer(self, message: bytes, metadata: dict[str, str], later: Later) -> None:
        """Answer, now or once the result is computed; errors are answered too."""
        try:
            self._inference.predict_serialized(message, metadata, later)
        except Exception:  # noqa: BLE001  whatever it is, the thread must go on
            _LOG.exception("A request broke the server's own code.")
            later.reply(ServingError(grpc.StatusCode.INTERNAL, BROKEN), 0)

    def _reply(self, call: int, response: bytes | ServingError, version: int) -> None:
        """Send an answer; whether it reaches the client does not matter."""
        if isinstance(response, ServingError):
            self._fail(call, response)
        elif len(response) > self._most_bytes:
            self._fail(call, self._too_large("Sent", response))
        else:
            self._native.respond(call, response, None, ((VERSION_HEADER, str(version)),))
        self._under_way.discard(call)

    def _fail(self, call: int, error: ServingError) -> None:
        self._native.fail(call, error.code.value[0], error.message[:MOST_LETTERS])


@contextmanager
def _in_no_hurry() -> Iterator[None]:
    """Let the threads that are started in the block not interrupt others when they wake up.

    The thread that sends would interrupt the one that answers at each answer. So it waits until that one is done, or
    runs beside it on another processor.
    """
    before = os.sched_getscheduler(0), os.sched_getparam(0)
    with suppress(OSError):  # some sandboxes know one policy only
        if before[0] == os.SCHED_OTHER:
            os.sched_setscheduler(0, os.SCHED_BATCH, before[1])
    try:
        yield
    finally:
        with suppress(OSError):
            os.sched_setscheduler(0, *before)


def _options(settings: Settings) -> dict[str, Any] | None:
    """Return the options of grpc_channel_arguments as the front calls them; None if there is another one."""
    if sys.platform != "linux":
        return None
    found: dict[str, Any] = {"keepalive_permit_without_calls": False}
    for key, value in settings.channel_arguments():
        name = key.removeprefix("grpc.")
        if name not in _OPTIONS or not isinstance(value, int):
            _LOG.info(
                "Predict is answered by the threads of grpc.server, which is slower, because of %s.", key
            )
            return None
        found[name] = bool(value) if name == "keepalive_permit_without_calls" else value
    return found
