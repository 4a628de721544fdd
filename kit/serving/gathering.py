"""Gathering: requests that one thread has read become a batch, for which the session runs once.

Each run of a session has a fixed cost, as much as a small model's answer: threads wake each other, tensors are made
and taken apart. TensorFlow's scheduler takes requests one by one, each by a run that waits for the batch.
So a thread that has many requests in hand puts them together first, by the same parameters, and computes the batch.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any, Protocol

import grpc
import numpy as np

from kit.serving.errors import ServingError

Array = np.ndarray[Any, Any]
Values = Sequence[Array]
Done = Callable[[Values | ServingError], None]
Submit = Callable[[Callable[[], None]], object]
"""Runs a function in a thread, as `Executor.submit`."""
_MICROS = 1_000_000
BROKEN = "Internal error; the server's log has the reason."
_LOG = logging.getLogger(__name__)


class Computes(Protocol):
    """Computes batches. Requests for the same object may be put together."""

    @property
    def most_rows(self) -> int:
        """The most rows of a batch."""

    @property
    def most_batches(self) -> int:
        """The most batches that may wait."""

    @property
    def wait_micros(self) -> int:
        """The microseconds that a batch may wait for more rows."""

    def compute_batch(self, requests: Sequence[Any]) -> Values:
        """Compute a batch; return its outputs, each [rows of all requests, …].

        Raises:
            ServingError: when the graph cannot compute them.
        """


@dataclass(slots=True, eq=False)
class Waiting:
    """One request.

    Attributes:
        computes: the object that computes it.
        request: what that object takes.
        alike: equal for those requests to the same object whose rows can be stacked.
        rows: the number of its rows, 1 to a full batch.
        done: gets the outputs, each [rows, …], or why there are none; it raises nothing.
        deadline: seconds since 1970 after which nobody wants the answer.
    """

    computes: Computes
    request: Any
    alike: Hashable
    rows: int
    done: Done
    deadline: float

    def fits(self, other: Waiting) -> bool:
        """Return whether the rows of another request can be stacked below those of this one."""
        return self.computes is other.computes and self.alike == other.alike


class Gathering:
    """The requests that have been read and not computed yet, in the order in which they came."""

    def __init__(
        self, at_once: int, submit: Submit, *, by_reader: bool, now: Callable[[], float] = time.time
    ) -> None:
        """Start without any request.

        Args:
            at_once: how many batches are computed at once.
            submit: runs a function in a thread.
            by_reader: whether the only thread that reads computes too, one batch at a time. On few processors that is
                faster than threads that take turns.
            now: returns seconds since 1970. Threads that wait use the machine's own clock, whatever this one says.
        """
        self._now = now
        self._at_once, self._submit, self._by_reader = at_once, submit, by_reader
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._waiting: deque[Waiting] = deque()
        self._rows = self._running = 0
        self._stopping = False
        self._since = 0.0  # when the first of them could have been computed, by its clock

    def add(self, waiting: Waiting) -> None:
        """Put a request in line, or refuse it because too many wait."""
        computes = waiting.computes
        with self._lock:  # through the condition it is Python code that takes it
            full = self._rows + waiting.rows > computes.most_rows * max(1, computes.most_batches)
            if not full:
                if not self._waiting:
                    self._since = self._now()
                self._waiting.append(waiting)
                self._rows += waiting.rows
                if not self._by_reader:
                    self._changed.notify()
        if full:
            waiting.done(_refusal(computes.most_batches))

    def work(self) -> float | None:
        """Compute the batches that are due, or have other threads do so; called after a request was added.

        Returns:
            Seconds since 1970 when it must be called again even if no request is added; None: never.
        """
        if not self._by_reader:
            with self._changed:
                more = self._running < min(self._at_once, len(self._waiting))
                self._running += more
            if more:
                self._submit(self._help)
            return None
        while self._waiting:
            if self._due() > self._now():
                return self._due()
            _answer(self._taken(), self._now())
            return 0.0  # read on first: what came meanwhile may fill the next batch
        return None

    def wait_no_more(self) -> None:
        """Compute what waits and all that comes without a wait: the server stops."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def _help(self) -> None:
        """Compute in this thread until nothing waits."""
        while True:
            with self._changed:
                while self._waiting and (late := self._due() - self._now()) > 0:
                    self._changed.wait(late)
                if not self._waiting:
                    self._running -= 1
                    return
                group = self._taken()
            _answer(group, self._now())

    def _due(self) -> float:
        computes = self._waiting[0].computes
        at_once = self._stopping or self._rows >= computes.most_rows
        return 0.0 if at_once else self._since + computes.wait_micros / _MICROS

    def _taken(self) -> list[Waiting]:
        group = [self._waiting.popleft()]
        rows, most = group[0].rows, group[0].computes.most_rows
        while self._waiting and rows + self._waiting[0].rows <= most and group[0].fits(self._waiting[0]):
            group.append(self._waiting.popleft())
            rows += group[-1].rows
        self._rows -= rows
        self._since = self._now()
        return group


def _answer(waiting: Sequence[Waiting], now: float) -> None:
    """Compute a batch and answer its requests; those whose deadline has passed are left out."""
    for each in waiting:
        if each.deadline < now:
            each.done(ServingError(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded"))
    if group := [each for each in waiting if each.deadline >= now]:
        _compute(group)


def _compute(group: Sequence[Waiting]) -> None:
    first = group[0]
    try:
        values = first.computes.compute_batch([each.request for each in group])
    except ServingError as error:
        if len(group) == 1:
            first.done(error)
        else:  # one of them made the graph fail: each answers for itself
            for each in group:
                _compute([each])
        return
    except Exception:  # noqa: BLE001  whatever it is, the thread must go on: others wait for it
        _LOG.exception("A batch broke the server's own code.")
        for each in group:
            each.done(ServingError(grpc.StatusCode.INTERNAL, BROKEN))
        return
    ends = accumulate((each.rows for each in group), initial=0)
    for each, (start, end) in zip(group, pairwise(ends), strict=True):
        each.done([value[start:end] for value in values])


def _refusal(most: int) -> ServingError:
    """Return the scheduler's refusal, see shared_batch_scheduler.h."""
    return ServingError(
        grpc.StatusCode.UNAVAILABLE,
        "The batch scheduling queue to which this task was submitted is full; "
        f"currently {most} batches enqueued and max_enqueued_batches is {most}",
    )
