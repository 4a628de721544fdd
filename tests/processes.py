"""Which processes are there; each question may meet the end of the process that it asks about."""

from __future__ import annotations

import psutil


def is_alive(pid: int) -> bool:
    """Return whether a process runs or sleeps; one that only waits for its parent to take note has ended."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
