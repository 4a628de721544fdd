"""Turns: while a version is loaded or unloaded beside one that answers, requests go first.

Loading takes Python's lock and a processor again and again, and a request that comes in such a burst waits for all of
it; so does unloading, by freeing memory. Neither is urgent: both consist of steps with rests between them, in which
waiting requests are answered.
"""

from __future__ import annotations

import math
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_TURN_SECONDS = 0.0001
_REST_PER_STEP = 3
"""Rest for each second of work. With less than one, requests that waited for one step would meet the next; with three,
a load takes a quarter of a processor, and so few requests meet it that it hardly shows in their slowest hundredth."""
_LONGEST_REST_SECONDS = 1.0
_IDLE_SECONDS = 1.0
_lock, _loads, _usual_interval = threading.Lock(), 0, 0.0
_last_request = -math.inf


def note_request() -> None:
    """Tell that a request came; while none does, nobody needs the rests."""
    global _last_request  # noqa: PLW0603  a lock would cost each request more than it is worth
    _last_request = time.monotonic()


def requests_come() -> bool:
    """Return whether one came in the last second."""
    return time.monotonic() - _last_request < _IDLE_SECONDS


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
    """Do a step of a load and rest after it, if requests go first now and some come. Steps must not be nested."""
    started = time.monotonic()
    yield
    seconds = time.monotonic() - started
    if _loads and requests_come():
        time.sleep(min(seconds * _REST_PER_STEP, _LONGEST_REST_SECONDS))
