"""The cores and the memory that a process may use here, container limits included."""

from __future__ import annotations

import math
import os
from pathlib import Path

import psutil

_CGROUP = Path("/sys/fs/cgroup")
# For cgroups version 2 and 1 each: a limit, and for memory the usage and its share of cached files, which are dropped
# when memory is needed.
_MEMORY = (
    ("memory.max", "memory.current", "memory.stat", "inactive_file"),
    (
        "memory/memory.limit_in_bytes",
        "memory/memory.usage_in_bytes",
        "memory/memory.stat",
        "total_inactive_file",
    ),
)
_CORES = (("cpu.max",), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us"))


def cores() -> int:
    """Return the cores that this process may use, in a container its own.

    A container may also be limited to a share of the cores' time; a fraction of a core counts as one.
    """
    found = os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        found = len(os.sched_getaffinity(0))
    for names in _CORES:
        match [word for name in names for word in _words(name)]:
            case [quota, period] if quota.isdecimal() and int(quota):  # it may say `max` or -1
                found = min(found, math.ceil(int(quota) / int(period)))
    return found


def memory_bytes() -> int:
    """Return the memory that all processes here may take together: less than the machine's in a limited container."""
    return int(min([psutil.virtual_memory().total, *(_number(names[0]) for names in _MEMORY)]))


def free_memory_bytes() -> int:
    """Return the memory that processes here may take in addition: what is free, or less in a limited container."""
    free: list[float] = [psutil.virtual_memory().available]
    for limit, taken, details, files in _MEMORY:
        if (most := _number(limit)) < math.inf and (now := _number(taken)) < math.inf:
            words = _words(details)
            dropped = int(words[words.index(files) + 1]) if files in words else 0
            free.append(max(0.0, most - now + dropped))
    return int(min(free))


def _number(name: str) -> float:
    words = _words(name)
    return float(words[0]) if words and words[0].isdecimal() else math.inf


def _words(name: str) -> list[str]:
    """Return the words in a file about the container; nothing when there is none: not Linux, no container."""
    try:
        return (_CGROUP / name).read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError):
        return []
