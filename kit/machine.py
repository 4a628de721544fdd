"""What this machine lets a process have."""

from __future__ import annotations

import os


def cores() -> int:
    """Return the cores that this process may use: those of a container, where the system tells them apart."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
