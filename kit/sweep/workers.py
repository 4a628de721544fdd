"""The interface of whatever runs points: processes on this machine, or the workers of a Dask cluster."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from kit.machine import cores, free_memory_bytes, memory_bytes
from kit.sweep.errors import SweepError
from kit.sweep.point import run_point
from kit.units import BYTES_PER_MB

_GROWS_SECONDS = 60.0  # in which a new point reaches most of the memory that it will take
_BYTES_PER_GB = 1e9


class Workers(Protocol):
    """Runs points, as many at a time as there is room for."""

    def has_room(self, running: int) -> bool:
        """Whether another point may begin beside those that run."""

    def begin(self, number: int) -> Future[str]:
        """Begin an attempt at a point; the result is its record as JSON.

        The future raises when workers have died with it too often to try again.
        """

    def learn(self, peak_memory_mb: float) -> None:
        """Update the memory estimate with a point's peak memory; 0 means unknown."""

    def maintain(self) -> list[str]:
        """Run periodic housekeeping.

        Returns:
            What has happened to workers since the last call, a line each.

        Raises:
            WorkersLostError: when no worker is left.
        """

    def close(self) -> None:
        """End what was started for the sweep."""


class LocalWorkers:
    """Processes of this machine.

    Args:
        folder: the folder of the sweep.
        jobs: points at a time; 0: one for two cores.
        memory_gb: the gigabytes that a point takes, until the first ones have ended and it is known; another begins
            only while that much is free. 0: no limit.

    Raises:
        SweepError: when this machine does not have enough for a single point.
    """

    def __init__(self, folder: Path, jobs: int = 0, memory_gb: float = 0.0) -> None:
        self._folder, self._jobs = folder, jobs or max(1, cores() // 2)
        self._bytes = memory_gb * _BYTES_PER_GB
        total = memory_bytes()
        if self._bytes > total:
            raise SweepError(
                f"A point must fit into the memory of this machine, but --memory asks for {memory_gb:g} GB of "
                f"{total / _BYTES_PER_GB:.0f}. Give less, or take a cluster with --dask."
            )
        self._peak_bytes = 0.0
        self._begun: list[float] = []
        self._pool = ThreadPoolExecutor(self._jobs, "point")

    def has_room(self, running: int) -> bool:
        if running == 0:  # one point always runs, or nothing would ever end
            return True
        young = sum(time.monotonic() - begun < _GROWS_SECONDS for begun in self._begun[-running:])
        needed = self._bytes * (young + 1)
        return running < self._jobs and free_memory_bytes() >= needed

    def begin(self, number: int) -> Future[str]:
        self._begun.append(time.monotonic())
        return self._pool.submit(run_point, str(self._folder), number)

    def learn(self, peak_memory_mb: float) -> None:
        self._peak_bytes = max(self._peak_bytes, peak_memory_mb * BYTES_PER_MB)
        if self._bytes and self._peak_bytes:
            self._bytes = self._peak_bytes

    def maintain(self) -> list[str]:
        """Do nothing: this machine is always there."""
        return []

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)


OpenWorkers = Callable[[Path], Workers]
"""Given the folder of a sweep, returns who runs its points."""
