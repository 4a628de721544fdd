"""Which process runs on which processor: the server on one, its clients on another, so that neither slows the other."""

from __future__ import annotations

import os
from contextlib import suppress

import psutil

from kit.errors import StepFailedError


def processors() -> tuple[int, int]:
    """Return one processor for the server and one for the clients.

    Raises:
        StepFailedError: when there are not two, or a process cannot be bound to one.
    """
    found = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(found) < 2:  # noqa: PLR2004  a pair
        raise StepFailedError(
            f"Serving is measured on two processors of Linux, but this process may use {len(found)}. Give it two."
        )
    return found[0], found[1]


def bind(pid: int, processor: int) -> None:
    """Bind a process, its children and all their threads, including later ones, to one processor."""
    for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):  # a child has ended meanwhile
            for thread in process.threads():
                with suppress(ProcessLookupError):  # the thread has
                    os.sched_setaffinity(thread.id, {processor})
