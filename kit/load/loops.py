"""The two load loops, closed and open, on one event loop, so that asking costs little beside answering."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from kit.load.plan import Load
from kit.load.result import NOT_SENT, LoadResult

Send = Callable[[bytes], Awaitable[str]]
"""Sends one request and returns OK or the code of its error; it raises nothing."""
_Row = tuple[float, float, str]


async def ask(load: Load, send: Send, stopped: Callable[[], bool] = lambda: False) -> LoadResult:
    """Make the load; return the outcomes of the requests that were due after the warm-up.

    Args:
        load: closed or open.
        send: see Send.
        stopped: whether to end early; requests under way are waited for.
    """
    rows: list[_Row] = []
    started = time.monotonic()
    first, end = started + load.warm_seconds, started + load.warm_seconds + load.seconds
    await (_closed if load.callers else _open)(load, send, rows, started, stopped)
    measured = [row for row in rows if row[0] >= first]
    # A late answer counts, but time in which nobody asked does not.
    seconds = max(0.0, max((row[0] for row in measured), default=first) - first) if stopped() else end - first
    return LoadResult.of(measured, seconds)


async def _closed(
    load: Load, send: Send, rows: list[_Row], started: float, stopped: Callable[[], bool]
) -> None:
    end, bodies = started + load.warm_seconds + load.seconds, load.bodies()

    async def caller() -> None:
        while (due := time.monotonic()) < end and not stopped():
            outcome = await send(next(bodies))
            rows.append((due, time.monotonic() - due, outcome))

    await asyncio.gather(*(caller() for _ in range(load.callers)))


async def _open(
    load: Load, send: Send, rows: list[_Row], started: float, stopped: Callable[[], bool]
) -> None:
    under_way: set[asyncio.Task[None]] = set()

    async def request(due: float, body: bytes) -> None:
        outcome = await send(body)
        rows.append((due, time.monotonic() - due, outcome))

    for arrival, body in zip(load.arrivals(), load.bodies(), strict=False):
        due = started + arrival
        # A late one is sent at once, but yields to the others first.
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        if stopped():
            break
        if len(under_way) >= load.most_under_way:
            rows.append((due, 0.0, NOT_SENT))
            continue
        task = asyncio.create_task(request(due, body))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
    await asyncio.gather(*under_way)
