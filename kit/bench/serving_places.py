"""Who runs on which processor: a server on one, what asks it on another, so that neither is measured by the other."""

from __future__ import annotations

import os
from contextlib import suppress

import psutil

from kit.errors import StepFailedError


def processors() -> tuple[int, int]:
    """Return one for the server and one for the callers.

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
    """Keep a process, its children and all their threads on one processor, and those that they will start."""
    for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
        for thread in process.threads():
            with suppress(ProcessLookupError):  # it has ended meanwhile
                os.sched_setaffinity(thread.id, {processor})
