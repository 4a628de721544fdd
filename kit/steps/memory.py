"""The memory that a process takes, and the most that it took while somebody looked."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import psutil

_MB = 2**20
_EVERY_SECONDS = 0.4
_SHARE = 0.02  # of a core for looks, at most: who is looked at waits meanwhile when it wants more memory


def memory_mb(pid: int) -> float:
    """Return the memory of a process in MB; of pages that several share, such as the warm process's, its part.

    0 when it is gone. Where the system does not tell parts (macOS) all of a shared page counts.
    """
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        with contextlib.suppress(psutil.Error):
            return float(psutil.Process(pid).memory_info().rss) / _MB
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)


class PeakMemory:
    """Keeps the highest of what was seen; what lasts less than the time between two looks may be missed.

    Attributes:
        now_mb: what the last look has seen.
        peak_mb: the most that any has.
    """

    def __init__(self) -> None:
        self.now_mb, self.peak_mb, self._next = 0.0, 0.0, 0.0

    def look_at(self, *pids: int) -> None:
        """Add up the memory of processes, unless that was done a moment ago: a gigabyte costs ten milliseconds."""
        now = time.monotonic()
        if now >= self._next:
            before = time.thread_time()
            self.now_mb = sum(memory_mb(pid) for pid in pids)
            self.peak_mb = max(self.peak_mb, self.now_mb)
            self._next = now + max(_EVERY_SECONDS, (time.thread_time() - before) / _SHARE)


class MemoryTogether:
    """Keeps the most that several took at a time, each as it was seen last."""

    def __init__(self) -> None:
        self.peak_mb = 0.0
        self._now: dict[str, float] = {}

    def saw(self, name: str, now_mb: float) -> None:
        """Take what one of them has now."""
        self._now[name] = now_mb
        self.peak_mb = max(self.peak_mb, sum(self._now.values()))

    def ended(self, name: str) -> None:
        """Count one of them no more."""
        self._now.pop(name, None)
