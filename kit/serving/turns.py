"""Turns: while a version is loaded or unloaded beside one that answers, requests go first.

Loading takes Python's lock and the processors again and again, and a request that comes in such a burst waits for all
of it; so does unloading, by freeing memory. Neither is urgent: both consist of steps and rests between them, so that
waiting requests are answered.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_TURN_SECONDS = 0.0001
_REST_SECONDS = 0.05
"""Longer than most steps take: with less, requests that waited for one step meet the next."""
_SHORT_SECONDS = 0.005
_lock, _loads, _usual_interval = threading.Lock(), 0, 0.0


@contextmanager
def requests_first() -> Iterator[None]:
    """Rest between the steps of a load or an unload, and switch threads more often.

    A request takes Python's lock about eight times, and waits for a whole switch interval each time while another
    thread builds a graph in Python. This costs throughput where many threads answer, so it is not permanent.
    """
    global _loads, _usual_interval  # noqa: PLW0603  a load has several threads, a process perhaps several servers
    with _lock:
        if not _loads:
            _usual_interval = sys.getswitchinterval()
            sys.setswitchinterval(min(_usual_interval, _TURN_SECONDS))
        _loads += 1
    try:
        yield
    finally:
        with _lock:
            _loads -= 1
            if not _loads:
                sys.setswitchinterval(_usual_interval)


@contextmanager
def step() -> Iterator[None]:
    """Do a step of a load and rest after it, unless it was short: there may be hundreds of such steps."""
    started = time.perf_counter()
    yield
    rest(time.perf_counter() - started)


def rest(step_seconds: float = _REST_SECONDS) -> None:
    """Wait a moment between two steps of a load, if requests go first now.

    Args:
        step_seconds: what the step before took; after a short one nothing is waited for.
    """
    if _loads and step_seconds > _SHORT_SECONDS:
        time.sleep(_REST_SECONDS)
