"""Time the chain, data to push, on more and more rows, and measure the memory of all its processes together."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from kit import warm
from kit.bench.chain import NOTEBOOKS, kit_command, run_timed
from kit.bench.figure import Figure
from kit.bench.generated import Size, generate, make_project
from kit.steps.memory import PeakMemory

# The largest has users and items per row as sample_data/README.md shows for ten million rows.
SIZES = (Size(2_150, 2_000, 400), Size(21_430, 6_000, 500), Size(214_290, 30_000, 750))
_MOST_MB = 6_000
_EVERY_SECONDS = 0.4
_MARK = "KIT_WARM_DIR"


def scale(folder: Path, sizes: tuple[Size, ...] = SIZES) -> Iterator[Figure]:
    """Run the recommender's chain, unchanged, on each size, and compare the last two per row; takes 15 minutes."""
    measured = []
    for size in sizes:
        seconds, peak_mb = _run(size, folder / str(size.rows))
        measured.append((seconds / size.rows, peak_mb / size.rows))
        name = f"chain, data to push, {size.rows:,} rows"
        yield Figure(f"{name}, time", seconds, "s")
        yield Figure(f"{name}, peak memory", peak_mb, "MB", _MOST_MB, "less")
    for what, before, last in zip(("time", "peak memory"), *measured[-2:], strict=True):
        name = f"chain, {what} a row, at {sizes[-1].rows:,} rows over {sizes[-2].rows:,}"
        yield Figure(name, last / before, "ratio", 1.0, "less")


def _run(size: Size, folder: Path) -> tuple[float, float]:
    """Return the seconds of a chain and the peak megabytes of all its processes, including its own warm process."""
    generate(size, folder / "generated")
    project = make_project(folder / f"rows_{size.rows}", folder / "generated")
    environ = {**os.environ, _MARK: str(folder / "warm")}
    command = kit_command("run", *NOTEBOOKS, "-P", str(project), "-w", str(folder / "workspace"))
    try:
        with _watching(environ[_MARK]) as memory:
            seconds = run_timed(command, environ)
    finally:
        warm.stop(environ)
    return seconds, memory.peak_mb


@contextmanager
def _watching(mark: str) -> Iterator[PeakMemory]:
    """Watch all marked processes: most are children of the warm process, which is not a child of this one."""
    memory, done = PeakMemory(), threading.Event()

    def watch() -> None:
        while not done.wait(_EVERY_SECONDS):
            memory.look_at(*_marked(mark))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield memory
    finally:
        done.set()
        thread.join()


def _marked(mark: str) -> list[int]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(_MARK) == mark:
                found.append(process.pid)
        except psutil.Error:  # it has ended, or belongs to another user
            continue
    return found
