from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import grpc
import numpy as np
import pytest

from kit.serving.errors import ServingError
from kit.serving.gathering import Gathering, Submit, Waiting

_SECONDS = 10
_Run = Callable[[], None]


@dataclass
class _Doubles:
    """Doubles x, and notes the batches that it is given; fails for one with a number below 0."""

    most_rows: int = 4
    most_batches: int = 10
    wait_micros: int = 0
    batches: list[list[float]] = field(default_factory=list)

    def compute_batch(self, requests: Sequence[Any]) -> list[Any]:
        x = np.concatenate(requests)
        self.batches.append(x.ravel().tolist())
        if (x < 0).any():
            raise ServingError(grpc.StatusCode.INVALID_ARGUMENT, "negative")
        return [2 * x]


def _waiting(
    computes: _Doubles, *numbers: float, told: list[Any], deadline: float = np.inf, length: int = 1
) -> Waiting:
    def done(values: Any) -> None:
        told.append(values if isinstance(values, ServingError) else values[0].ravel().tolist())

    x = np.repeat(np.array(numbers, np.float32)[:, None], length, axis=1)
    return Waiting(computes, x, x.shape[1:], len(x), done, deadline)


@pytest.fixture
def told() -> list[Any]:
    return []


def _by_reader() -> Gathering:
    def none(_run: _Run) -> None:
        pytest.fail("the reader computes by itself")

    return Gathering(1, none, by_reader=True)


def _in_threads(at_once: int) -> tuple[Gathering, list[_Run]]:
    started: list[_Run] = []
    submit: Submit = started.append
    return Gathering(at_once, submit, by_reader=False), started


def test_requests_share_a_batch_and_get_their_own_rows(told: list[Any]) -> None:
    gathering, computes = _by_reader(), _Doubles()
    for numbers in ([1], [2, 3], [4]):
        gathering.add(_waiting(computes, *numbers, told=told))
    assert gathering.work() == 0
    assert computes.batches == [[1, 2, 3, 4]]
    assert told == [[2], [4, 6], [8]]
    assert gathering.work() is None


def test_a_request_that_does_not_fit_into_a_batch_is_the_first_of_the_next(told: list[Any]) -> None:
    gathering, computes = _by_reader(), _Doubles()
    for numbers in ([1, 2, 3], [4, 5], [6]):
        gathering.add(_waiting(computes, *numbers, told=told))
    while gathering.work() is not None:
        pass
    assert computes.batches == [[1, 2, 3], [4, 5, 6]]
    assert told == [[2, 4, 6], [8, 10], [12]]


def test_rows_of_other_lengths_and_of_other_models_do_not_meet(told: list[Any]) -> None:
    gathering, one, other = _by_reader(), _Doubles(), _Doubles()
    gathering.add(_waiting(one, 1, told=told))
    gathering.add(_waiting(one, 2, told=told, length=2))
    gathering.add(_waiting(other, 3, told=told, length=2))
    while gathering.work() is not None:
        pass
    assert one.batches == [[1], [2, 2]]
    assert other.batches == [[3, 3]]


def test_a_batch_waits_for_more_rows_unless_it_is_full(told: list[Any]) -> None:
    gathering = _by_reader()
    computes = _Doubles(wait_micros=1_000_000)
    before = time.time()
    gathering.add(_waiting(computes, 1, told=told))
    until = gathering.work()
    assert until is not None
    assert before + 1 <= until <= time.time() + 1
    assert told == []
    gathering.add(_waiting(computes, 2, 3, 4, told=told))
    gathering.work()
    assert told == [[2], [4, 6, 8]]


def test_a_request_that_fails_fails_alone(told: list[Any]) -> None:
    gathering, computes = _by_reader(), _Doubles()
    for number in (1, -2, 3):
        gathering.add(_waiting(computes, number, told=told))
    gathering.work()
    assert told[0] == [2]
    assert told[2] == [6]
    assert told[1].code is grpc.StatusCode.INVALID_ARGUMENT


def test_what_breaks_is_told_to_all_and_stops_nobody(
    told: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    gathering, computes = _by_reader(), _Doubles()
    broken = _waiting(computes, 1, told=told)
    broken.request = None
    gathering.add(broken)
    gathering.work()
    assert told[0].code is grpc.StatusCode.INTERNAL
    assert "ValueError" not in told[0].message
    assert "ValueError" in caplog.text
    gathering.add(_waiting(computes, 1, told=told))
    gathering.work()
    assert told[1] == [2]


def test_what_nobody_waits_for_is_not_computed(told: list[Any]) -> None:
    gathering, computes = _by_reader(), _Doubles()
    gathering.add(_waiting(computes, 1, told=told, deadline=time.time() - 1))
    gathering.add(_waiting(computes, 2, told=told))
    gathering.work()
    assert told[0].code is grpc.StatusCode.DEADLINE_EXCEEDED
    assert computes.batches == [[2]]


def test_more_batches_than_may_wait_are_refused(told: list[Any]) -> None:
    gathering = _by_reader()
    computes = _Doubles(most_rows=2, most_batches=2)
    for number in range(5):
        gathering.add(_waiting(computes, number, told=told))
    assert [each.code for each in told] == [grpc.StatusCode.UNAVAILABLE]
    assert str(told[0]) == (
        "The batch scheduling queue to which this task was submitted is full; "
        "currently 2 batches enqueued and max_enqueued_batches is 2"
    )


def test_as_many_threads_compute_as_may_and_each_goes_on_while_something_waits(told: list[Any]) -> None:
    gathering, started = _in_threads(2)
    computes = _Doubles(most_rows=1)
    for number in range(4):
        gathering.add(_waiting(computes, number, told=told))
        assert gathering.work() is None
    assert len(started) == 2
    started[0]()
    assert told == [[0], [2], [4], [6]]
    started[1]()
    gathering.add(_waiting(computes, 4, told=told))
    gathering.work()
    assert len(started) == 3


def test_a_thread_waits_for_a_batch_that_is_not_full_and_no_longer(told: list[Any]) -> None:
    answered = threading.Event()
    computes = _Doubles(wait_micros=10 * _SECONDS * 1_000_000)
    with ThreadPoolExecutor(1) as threads:
        gathering = Gathering(1, threads.submit, by_reader=False)
        gathering.add(_waiting(computes, 1, told=told))
        gathering.work()
        last = _waiting(computes, 2, 3, 4, told=told)
        told_last = last.done

        def done(values: Any) -> None:
            told_last(values)
            answered.set()

        last.done = done
        gathering.add(last)
        gathering.work()
        assert answered.wait(_SECONDS)
    assert computes.batches == [[1, 2, 3, 4]]


def test_waits_and_deadlines_are_of_the_clock_that_is_given(told: list[Any]) -> None:
    seconds = [5.0]
    gathering = Gathering(1, lambda _run: None, by_reader=True, now=lambda: seconds[0])
    computes = _Doubles(wait_micros=1_000_000)
    gathering.add(_waiting(computes, 1, told=told, deadline=5.5))
    gathering.add(_waiting(computes, 2, told=told, deadline=6.5))
    assert gathering.work() == 6
    assert computes.batches == []
    seconds[0] = 6.0
    assert gathering.work() == 0
    assert computes.batches == [[2]]
    assert isinstance(told[0], ServingError)
    assert told[1] == [4]
