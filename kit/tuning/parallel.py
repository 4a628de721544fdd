"""How many trials a machine has room for at a time."""

from __future__ import annotations

from kit.machine import cores, free_memory_bytes

_TRIAL_BYTES = 1.5e9  # of a process that trains a small model: mostly TensorFlow and TFX themselves


def room_for_trials(asked: int) -> int:
    """Return how many trials run at a time: as many as requested, or for 0 one per core while memory allows."""
    if asked:
        return asked
    memory = int(free_memory_bytes() // _TRIAL_BYTES)
    return max(1, min(cores(), memory))
