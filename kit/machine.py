"""The cores and the memory that a process may use here, container limits included."""

from __future__ import annotations

import os
from pathlib import Path

import psutil

_CGROUP = Path("/sys/fs/cgroup")
_LIMITS = ("memory.max", "memory/memory.limit_in_bytes")  # of its second and its first version


def cores() -> int:
    """Return the cores that this process may use: those of a container, where the system tells them apart."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory_bytes() -> int:
    """Return the memory that all processes here may take together: less than the machine's in a limited container."""
    return int(min([psutil.virtual_memory().total, *map(_limit, _LIMITS)]))


def _limit(name: str) -> float:
    try:
        return float((_CGROUP / name).read_text(encoding="ascii"))
    except (OSError, ValueError):  # there is none (not Linux, no container), or it says `max`
        return float("inf")
