"""The peak memory of a process."""

from __future__ import annotations

import resource
import sys
from pathlib import Path


def peak_megabytes() -> float:
    """Return the peak memory of this process since its program started.

    On Linux the figure of `getrusage` survives exec: a small program started by a large one would report the large
    one's. The kernel's status of the process (VmHWM, in KiB) starts anew.
    """
    if sys.platform == "linux":
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
        [peak] = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
        return int(peak) * 1024 / 1e6
    in_bytes = sys.platform == "darwin"
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if in_bytes else 1024) / 1e6
