"""How many trials at a time a machine has room for."""

from __future__ import annotations

import os

import psutil

_TRIAL_BYTES = 1.5e9  # of a process that trains a small model: mostly TensorFlow and TFX themselves


def room_for_trials(asked: int) -> int:
    """Return how many trials run at a time: as many as asked for, or for 0 one a core while memory allows."""
    if asked:
        return asked
    memory = int(psutil.virtual_memory().available // _TRIAL_BYTES)
    return max(1, min(cores(), memory))


def cores() -> int:
    """Return the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
