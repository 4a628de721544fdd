from __future__ import annotations

import asyncio
import time

import pytest

from kit.load import Load, LoadResult
from kit.load.loops import ask

_STOP = 0.4  # seconds that the server below does not answer, once


class _Stops:
    """A server of one place that answers at once, but stops once for a while."""

    def __init__(self) -> None:
        self._place = asyncio.Lock()
        self._stops_at = time.monotonic() + 0.3

    async def send(self, _body: bytes) -> str:
        async with self._place:
            if time.monotonic() > self._stops_at:
                self._stops_at = float("inf")
                await asyncio.sleep(_STOP)
            return "OK"


def _ask_one_that_stops(load: Load) -> LoadResult:
    async def main() -> LoadResult:
        return await ask(load, _Stops().send)

    return asyncio.run(main())


@pytest.mark.alone
def test_an_open_loop_counts_the_waiting_of_all_who_came_while_the_server_stopped() -> None:
    result = _ask_one_that_stops(Load(requests=(b"",), rate=500, seconds=1.5, warm_seconds=0))
    waited = (result.took > 0.01).sum()
    assert waited == pytest.approx(500 * _STOP, rel=0.3)
    assert result.milliseconds(90) > 100
    assert result.milliseconds(100) == pytest.approx(_STOP * 1000, abs=60)


@pytest.mark.alone
def test_a_closed_loop_hides_it() -> None:
    result = _ask_one_that_stops(Load(requests=(b"",), callers=1, seconds=1.5, warm_seconds=0))
    assert result.took.max() >= _STOP
    assert (
        result.took > 0.01
    ).mean() < 0.001  # the stop is one of thousands, and what else this machine does
    assert result.milliseconds(99) < 10


def test_what_is_due_in_the_warm_up_does_not_count() -> None:
    before = time.monotonic()
    result = _ask_one_that_stops(Load(requests=(b"",), rate=100, seconds=0.5, warm_seconds=0.5))
    assert result.due.min() >= before + 0.5
    assert len(result.due) == pytest.approx(50, abs=30)


def test_an_open_loop_does_not_pile_up_without_end() -> None:
    async def never(_body: bytes) -> str:
        await asyncio.sleep(0.5)
        return "OK"

    load = Load(requests=(b"",), rate=500, seconds=0.2, warm_seconds=0, most_under_way=10)
    result = asyncio.run(ask(load, never))
    assert result.answered == 10
    assert result.errors == {"NOT_SENT": len(result.due) - 10}
    assert len(result.due) > 50


def test_callers_are_as_many_as_were_asked_for() -> None:
    at_once = most = 0

    async def send(_body: bytes) -> str:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.01)
        at_once -= 1
        return "OK"

    result = asyncio.run(ask(Load(requests=(b"",), callers=7, seconds=0.3, warm_seconds=0), send))
    assert most == 7
    assert set(result.outcomes) == {"OK"}
