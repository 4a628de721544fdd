"""Turns and order of the tests that run in several processes: who is marked `alone` has the machine for itself."""

from __future__ import annotations

import fcntl
import os
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pytest

SHARED = "made_sample"
"""The fixture of what is made once for the processes of all tests."""
# Any two things that are there: only their locks are used.
_QUEUE = Path(__file__)
_MACHINE = Path(__file__).parent


def in_order(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Return the tests in the order of their files in which no process waits long for another, or works by itself.

    What takes longest comes first, or one process would still be at it when the others have nothing left: files with
    a test that may take longest, then those with most that are slow. Before these, files with tests on what is made
    once for all (`SHARED`): one process makes it while the other has the longest file, and nobody waits for it later.
    Files with tests that are alone come last, where everybody has only these: elsewhere each of them would wait, with
    its process, for whatever long test runs beside.
    """
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    return [item for tests in sorted(files.values(), key=_place) for item in tests]


def _place(tests: Sequence[pytest.Item]) -> tuple[bool, float, bool, int]:
    limits = [float(limit.args[0]) for item in tests if (limit := item.get_closest_marker("timeout"))]
    slow = sum(item.get_closest_marker("slow") is not None for item in tests)
    alone = any(item.get_closest_marker("alone") for item in tests)
    shared = any(SHARED in getattr(item, "fixturenames", ()) for item in tests)
    return alone, -max(limits, default=0.0), not shared, -slow


@contextmanager
def turn(*, alone: bool) -> Iterator[None]:
    """Wait until the other test processes of this checkout let this test run, and hold them off where it is alone.

    Everybody goes through the queue, so that one who waits to be alone is not overtaken for ever.
    """
    with ExitStack() as held:
        with locked(_QUEUE, fcntl.LOCK_EX):
            held.enter_context(locked(_MACHINE, fcntl.LOCK_EX if alone else fcntl.LOCK_SH))
        yield


@contextmanager
def locked(place: Path, how: int) -> Iterator[None]:
    """Hold a lock (`fcntl.flock`'s kinds) on a file or folder that is there."""
    descriptor = os.open(place, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, how)
        yield
    finally:
        # Said, not left to the closing: a child that a test forked may have the descriptor still.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)
