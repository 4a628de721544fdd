"""What a worker does with a point: start an attempt, wait, and report its ending. Imports no TensorFlow."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from kit.child_environment import finding_kit
from kit.errors import ExitCode
from kit.signals import how_it_ended, memory_hint
from kit.sweep.code import code_digest
from kit.sweep.records import WORKER_VARIABLE, PointRecord, SweepFolder, read_point, save_point
from kit.workspace import CHECKOUT

_POLL_SECONDS = 0.3
_LETTERS = 300  # of the last words of a process
_END_SECONDS = 40.0  # after which an attempt that was told to stop is killed


def run_point(folder: str, number: int, code: str = "", worker: str = "") -> str:
    """Attempt a point and return its record as JSON; it is on disk as well.

    Args:
        folder: the folder of the sweep.
        number: the number of the point.
        code: a digest of the code that the sweep began with; empty: the same by construction.
        worker: the name of the worker, for the record.
    """
    sweep = SweepFolder(Path(folder))
    place = sweep.point(number)
    if code and code != code_digest():
        refused = (
            f"Worker {worker} must run the kit that the sweep began with, but its code in {CHECKOUT} differs. "
            "Bring it up to date, or begin a new sweep."
        )
        before = read_point(place)
        return _failed(place, before.model_copy(update={"attempts": before.attempts + 1}), refused)
    returncode = _attempt(sweep, number, place, worker)
    point = read_point(place)
    if point.state != "running":
        return point.model_dump_json()
    stopped = returncode == ExitCode.INTERRUPTED
    how, hint = how_it_ended(returncode), memory_hint(returncode)
    died = f"Its process died ({how}): {_last_line(place / 'log.txt')} See {place / 'log.txt'}{hint}."
    reason = "It was interrupted." if stopped else died
    return _failed(place, point, reason, ExitCode.INTERRUPTED if stopped else None)


def _attempt(sweep: SweepFolder, number: int, place: Path, worker: str) -> int:
    """Run the process to its end, or until the sweep is stopped."""
    environ = {**finding_kit(), WORKER_VARIABLE: worker, "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "kit.sweep.attempt", str(sweep.path), str(number)]
    with (place / "log.txt").open("ab") as log:
        # A session of its own, so that Ctrl-C at the terminal reaches the sweep alone, which then stops its points.
        process = subprocess.Popen(
            command, env=environ, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True
        )
        with process:
            try:
                return _wait(process, sweep)
            except BaseException:
                process.kill()
                raise


def _wait(process: subprocess.Popen[bytes], sweep: SweepFolder) -> int:
    waited = 0.0
    while True:
        try:
            return process.wait(_POLL_SECONDS)
        except subprocess.TimeoutExpired:
            if not sweep.stop_file.exists():
                continue
        if waited == 0:
            process.terminate()
        waited += _POLL_SECONDS
        if waited > _END_SECONDS:
            process.kill()


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    said = next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")[-_LETTERS:]
    return said if said.endswith(".") else f"{said}."


def _failed(place: Path, point: PointRecord, reason: str, code: ExitCode | None = None) -> str:
    exit_code = None if code is None else int(code)
    failed = point.model_copy(update={"state": "failed", "exit_code": exit_code, "reason": reason})
    save_point(place, failed)
    return failed.model_dump_json()
