"""Which processes are there; each question may meet the end of the process that it asks about."""

from __future__ import annotations

from pathlib import Path

import psutil
from waiting import wait_until


def is_alive(pid: int) -> bool:
    """Return whether a process runs or sleeps; one that only waits for its parent to take note has ended."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def wait_until_ended(*pids: int, seconds: float = 30) -> None:
    """Return once all processes have ended."""

    def alive() -> list[int]:
        return [pid for pid in pids if is_alive(pid)]

    wait_until(lambda: not alive(), seconds, lambda: f"processes {alive()} are still there")


def descendants(word: str, pid: int | None = None) -> list[psutil.Process]:
    """Return the processes that a process (None: this one) has started, whose command line has a word."""
    found = []
    for process in psutil.Process(pid).children(recursive=True):
        try:
            if word in " ".join(process.cmdline()):
                found.append(process)
        except psutil.NoSuchProcess:
            continue
    return found


def at_work(folder: Path) -> list[int]:
    """Return the processes that have a file of a folder open: kernels, steps and trials."""
    found = []
    for process in psutil.process_iter():
        try:
            if any(Path(file.path).is_relative_to(folder) for file in process.open_files()):
                found.append(process.pid)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def wait_until_nobody_works(folder: Path, seconds: float) -> None:
    wait_until(lambda: not at_work(folder), seconds, lambda: f"processes {at_work(folder)} are still there")
