"""The peak memory of a process."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

from kit.units import BYTES_PER_MB

_BYTES_PER_KB = 1024  # as Linux's kernel counts its kB


def peak_megabytes() -> float:
    """Return the peak memory of this process since its program started.

    On Linux the figure of `getrusage` survives exec: a small program started by a large one would report the large
    one's. The kernel's status of the process (VmHWM, in KiB) starts anew.
    """
    if sys.platform == "linux":
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
        [peak] = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
        return int(peak) * _BYTES_PER_KB / BYTES_PER_MB
    in_bytes = sys.platform == "darwin"
    return (
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if in_bytes else _BYTES_PER_KB) / BYTES_PER_MB
    )
