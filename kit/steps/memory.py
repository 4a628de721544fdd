"""The memory that processes take, and the most that was seen."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import psutil

from kit.units import BYTES_PER_MB

_BYTES_PER_KB = 1024  # as Linux's kernel counts its kB
_EVERY_SECONDS = 0.4
_SHARE = 0.02  # the largest share of a core to spend on looks: memory allocation waits for them


def memory_mb(pid: int) -> float:
    """Return the memory of a process in MB, 0 when it is gone.

    Of pages that several processes share, such as the warm process's, its part counts; all of them if the system does
    not tell (macOS).
    """
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        with contextlib.suppress(psutil.Error):
            return float(psutil.Process(pid).memory_info().rss) / BYTES_PER_MB
        return 0.0
    shares = (int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return next(shares, 0) * _BYTES_PER_KB / BYTES_PER_MB


class PeakMemory:
    """Keeps the highest memory seen; peaks shorter than the time between two looks may be missed.

    Attributes:
        now_mb: the memory at the last look, MB.
        peak_mb: the highest memory of all looks, MB.
    """

    def __init__(self) -> None:
        self.now_mb, self.peak_mb, self._next = 0.0, 0.0, 0.0

    def look_at(self, *pids: int) -> None:
        """Sum the memory of processes, unless that was done a moment ago: a gigabyte costs ten milliseconds."""
        now = time.monotonic()
        if now >= self._next:
            before = time.thread_time()
            self.now_mb = sum(memory_mb(pid) for pid in pids)
            self.peak_mb = max(self.peak_mb, self.now_mb)
            self._next = now + max(_EVERY_SECONDS, (time.thread_time() - before) / _SHARE)


class MemoryTogether:
    """Keeps the most memory that several processes took at a time, each as last seen."""

    def __init__(self) -> None:
        self.peak_mb = 0.0
        self._now: dict[str, float] = {}

    def saw(self, name: str, now_mb: float) -> None:
        """Update the current memory of one of them."""
        self._now[name] = now_mb
        self.peak_mb = max(self.peak_mb, sum(self._now.values()))

    def ended(self, name: str) -> None:
        """Stop counting one of them."""
        self._now.pop(name, None)
