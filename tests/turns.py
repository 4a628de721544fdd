"""Turns of the tests that run in several processes: one that is marked `alone` has the machine for itself."""

from __future__ import annotations

import fcntl
import os
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Any two things that are there: only their locks are used.
_QUEUE = Path(__file__)
_MACHINE = Path(__file__).parent


@contextmanager
def turn(*, alone: bool) -> Iterator[None]:
    """Wait until the other test processes of this checkout let this test run, and hold them off where it is alone.

    Everybody goes through the queue, so that one who waits to be alone is not overtaken for ever.
    """
    with ExitStack() as held:
        with _locked(_QUEUE, fcntl.LOCK_EX):
            held.enter_context(_locked(_MACHINE, fcntl.LOCK_EX if alone else fcntl.LOCK_SH))
        yield


@contextmanager
def _locked(place: Path, how: int) -> Iterator[None]:
    descriptor = os.open(place, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, how)
        yield
    finally:
        # Said, not left to the closing: a child that a test forked may have the descriptor still.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)
