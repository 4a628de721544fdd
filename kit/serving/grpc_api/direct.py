"""Predict without a thread for each request: one thread reads many of them, and they are computed together.

`grpc.server` wakes two threads for each request, which then wait for each other and for Python's lock. That is two
thirds of what gRPC costs here (105 microseconds per request, against 35 this way), as much as a small model's answer.
So calls of Predict are taken from the same server one layer below, from `cygrpc`, grpcio's wrapper of its C core, which
is driven by events. It is not public, and grpcio may change it: `DirectPredict.of` checks that everything it needs is
there, and leaves Predict to `grpc.server` if not. To be removed when grpcio has handlers that need no thread.

The thread has an event queue of its own. It reads all waiting messages, computes a batch or has it computed, and sends
the answers; requests that arrive meanwhile form the next batch. It does each of these steps for all requests before it
begins the next step: code that has just run is still in the processor's cache.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from typing import Any, Self

import grpc
from google.protobuf.message import DecodeError
from grpc._cython import cygrpc
from tensorflow_serving.apis import predict_pb2

from kit.serving.errors import ServingError
from kit.serving.gathering import BROKEN, Gathering, Submit, Waiting
from kit.serving.grpc_api.calls import MOST_LETTERS
from kit.serving.headers import VERSION_HEADER
from kit.serving.inference import Inference, Later
from kit.serving.transport import Transport

PREDICT = "/tensorflow.serving.PredictionService/Predict"
_ACCEPTED = 32  # calls that the C core may have ready before it is asked for more
_IN_A_ROW = 512  # most events that are read before a batch is computed
_LARGE_BYTES = 1 << 18
"""A message of this size takes longer to parse than a thread takes to wake up, and all others would wait meanwhile."""
_NEEDED = (
    "CompletionQueue",
    "ReceiveMessageOperation",
    "SendInitialMetadataOperation",
    "SendMessageOperation",
    "SendStatusFromServerOperation",
)
_NEEDED_OF_SERVER = ("register_method", "register_completion_queue", "request_registered_call")
_LOG = logging.getLogger(__name__)


class DirectPredict:
    """The calls of Predict of one server, and the thread that reads them."""

    def __init__(
        self, core: Any, inference: Inference, submit: Submit, *, most: int, batches_at_once: int
    ) -> None:
        """Register Predict and a new event queue with grpcio's core; use `of` instead."""
        self.inference, self.submit = inference, submit
        self.by_reader = inference.quick and batches_at_once == 1
        self.gathering = Gathering(batches_at_once, submit, by_reader=self.by_reader)
        self._core, self._queue = core, cygrpc.CompletionQueue()
        core.register_method(PREDICT)
        core.register_completion_queue(self._queue)
        self._most, self._active = most, 0  # only the thread that reads counts
        self._calls = 0  # calls that are requested or under way
        self._received: list[tuple[_Call, bytes]] = []
        self._thread = threading.Thread(target=self._run, name="serving-predict", daemon=True)

    @classmethod
    def of(
        cls, server: grpc.Server, inference: Inference, submit: Submit, *, most: int, batches_at_once: int
    ) -> Self | None:
        """Take over the Predict calls of a server that has not started yet.

        Args:
            server: the server, made by `grpc.server`.
            inference: the part that answers.
            submit: runs work in another thread that would hold up the reading one.
            most: most calls at once; more are refused.
            batches_at_once: how many batches are computed at once.

        Returns:
            None when this version of grpcio lacks what is needed.
        """
        try:
            core = server._state.server  # noqa: SLF001  see above
            for owner, names in ((cygrpc, _NEEDED), (core, _NEEDED_OF_SERVER)):
                for name in names:  # before the server is touched
                    getattr(owner, name)
            return cls(core, inference, submit, most=most, batches_at_once=batches_at_once)
        except (AttributeError, TypeError) as error:
            _LOG.warning("Predict is answered by the threads of grpc.server, which is slower: %s", error)
            return None

    def start(self) -> None:
        """Begin to read calls; the server must have started."""
        for _ in range(_ACCEPTED):
            self.accept()
        self._thread.start()

    def join(self, seconds: float) -> None:
        """Wait until all calls are answered, for so long at most; the server must have been told to stop."""
        self._thread.join(seconds)

    def accept(self) -> None:
        """Request one more call from the core."""
        self._calls += 1
        self._core.request_registered_call(self._queue, self._queue, PREDICT, _Call(self).begun)

    def received(self, call: _Call, message: bytes) -> None:
        """Keep a message, to be answered once all waiting messages have been read."""
        self._received.append((call, message))

    def enter(self) -> bool:
        """Count a call that begins; return whether it is within the limit."""
        self._active += 1
        return self._active <= self._most

    def leave(self) -> None:
        """Count a call that ends."""
        self._active -= 1

    def _run(self) -> None:
        until: float | None = None
        while self._calls:
            self._read(until)
            received, self._received = self._received, []
            for call, message in received:
                call.answer(message, self.gathering.add)
            until = self.gathering.work()

    def _read(self, until: float | None) -> None:
        """Handle all waiting events; if there are none, wait for one until a time (None: for ever)."""
        poll, nothing = self._queue.poll, cygrpc.CompletionType.queue_timeout
        for _ in range(_IN_A_ROW):
            event = poll(until)
            if event.completion_type == nothing:
                return
            ended = event.tag(event)
            self._calls -= ended  # not in one statement: the tag changes `_calls` too
            until = 0.0  # take the next event only if it is there already


class _Call:
    """One call, from its request to the core until its status is sent.

    The core gives each finished operation back with its tag: here the method to call with that event, which returns how
    many calls have ended, 1 or 0.
    """

    def __init__(self, direct: DirectPredict) -> None:
        self._direct = direct
        self._call: Any = None
        self._metadata: dict[str, str] = {}
        self._deadline = math.inf

    def begun(self, event: Any) -> int:
        """Handle an incoming call; without success the server is shutting down, and there is no call."""
        if not event.success:
            return 1
        self._direct.accept()
        self._call, self._deadline = event.call, event.call_details.deadline
        self._metadata = {key: value for key, value in event.invocation_metadata if isinstance(value, str)}
        if self._direct.enter():
            self._call.start_server_batch((cygrpc.ReceiveMessageOperation(0),), self._received)
        else:
            self._refuse(grpc.StatusCode.RESOURCE_EXHAUSTED, "Concurrent RPC limit exceeded!")
        return 0

    def _received(self, event: Any) -> int:
        """Handle the request's message, which is None when the client has gone."""
        message = event.batch_operations[0].message()
        if message is None:
            self._refuse(grpc.StatusCode.UNIMPLEMENTED, "Method requires exactly one request message")
        elif self._direct.inference.quick and len(message) < _LARGE_BYTES:
            self._direct.received(self, message)
        else:
            self._direct.submit(lambda: self._answer_here(message))
        return 0

    def _answer_here(self, message: bytes) -> None:
        """Answer in a thread that may block; not in a batch if the reader computes: it would not notice a new one."""
        gathering = self._direct.gathering
        self.answer(message, None if self._direct.by_reader else gathering.add)
        if not self._direct.by_reader:
            gathering.work()

    def answer(self, message: bytes, gather: Callable[[Waiting], None] | None) -> None:
        """Answer, now or once the result is computed; errors are answered too.

        Args:
            message: the serialized PredictRequest.
            gather: see `Later`.
        """
        direct = self._direct
        try:
            if self._deadline < time.time():
                self._refuse(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")
                return
            request = predict_pb2.PredictRequest.FromString(message)
            later = Later(self._reply, direct.submit, gather, self._deadline)
            direct.inference.predict_soon(request, self._metadata, Transport.GRPC, later)
        except DecodeError:
            self._refuse(grpc.StatusCode.INTERNAL, "Exception deserializing request!")
        except Exception:  # noqa: BLE001  whatever it is, the thread must go on
            _LOG.exception("A request broke the server's own code.")
            self._refuse(grpc.StatusCode.INTERNAL, BROKEN)

    def _reply(self, response: bytes | ServingError, version: int) -> None:
        if isinstance(response, ServingError):
            self._refuse(response.code, response.message)
            return
        self._call.start_server_batch(
            (
                cygrpc.SendInitialMetadataOperation((), 0),
                cygrpc.SendMessageOperation(response, 0),
                cygrpc.SendStatusFromServerOperation(((VERSION_HEADER, str(version)),), 0, b"", 0),
            ),
            self._sent,
        )

    def _refuse(self, code: grpc.StatusCode, message: str) -> None:
        details = message[:MOST_LETTERS].encode(errors="replace")
        self._call.start_server_batch(
            (
                cygrpc.SendInitialMetadataOperation((), 0),
                cygrpc.SendStatusFromServerOperation((), code.value[0], details, 0),
            ),
            self._sent,
        )

    def _sent(self, _event: Any) -> int:
        """Handle the end of the call; whether the answer reached the client does not matter."""
        self._direct.leave()
        return 1
