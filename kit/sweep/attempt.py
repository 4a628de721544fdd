"""One attempt at a point, in a process of its own: `python -m kit.sweep.attempt FOLDER`.

Its standard input is a pipe that its starter holds open. When the starter is gone, kill -9 included, the pipe ends, and
the attempt is interrupted as by Ctrl-C: it leaves no kernel behind, and frees the point's workspace for the next
attempt.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
import threading
import time
from pathlib import Path

from kit.batch.record import RunRecord
from kit.batch.run import RunOptions, explain, run_chain
from kit.errors import ExitCode, KitError
from kit.signals import signals_as_interrupts
from kit.sweep.branch import branch
from kit.sweep.code import as_one, code_parts
from kit.sweep.metrics import collect, seconds_of_attempts
from kit.sweep.points import declared_by
from kit.sweep.records import (
    VERDICTS,
    WORKER_VARIABLE,
    PointRecord,
    SweepFolder,
    SweepRecord,
    read_point,
    save_point,
)
from kit.workspace import Workspace

_END_SECONDS = 30.0  # for an interrupted run to end its kernel
_LETTERS = 600  # of a reason


def attempt(folder: SweepFolder, number: int) -> PointRecord:
    """Run a point that is not done yet, and record how it ended.

    It waits for another attempt at the same point, such as that of a worker that its scheduler had lost.

    Raises:
        KeyboardInterrupt: when it is told to stop before its first notebook.
    """
    sweep, place = folder.read(), folder.point(number)
    with Workspace(place).lock("point", f"sweep {sweep.name}, point {number}"):
        point = read_point(place)
        if point.is_done:
            return point
        point = point.model_copy(
            update={
                "state": "running",
                "exit_code": None,
                "attempts": point.attempts + 1,
                "reason": "",
                "code": as_one(code_parts(sweep.notebooks, sweep.projects, folder.base)),
                "host": socket.gethostname(),
                "worker": os.environ.get(WORKER_VARIABLE, ""),
            }
        )
        save_point(place, point)
        point = _run(folder, sweep, point, place)
        save_point(place, point)
        return point


def _run(folder: SweepFolder, sweep: SweepRecord, point: PointRecord, place: Path) -> PointRecord:
    ws = folder.workspace_of(point.number)
    for unfinished in place.glob(".ws.*"):  # left by an attempt that was killed while branching
        shutil.rmtree(unfinished, ignore_errors=True)
    if not ws.exists():
        branch(Workspace(folder.base), ws)
    options = RunOptions(
        timeout_seconds=sweep.timeout_seconds,
        kernel_name=sweep.kernel_name,
        retries=0,  # the sweep itself retries
        skip=False,  # records of skipped notebooks would be missing
    )
    try:
        own = [Path(name) for name in sweep.own]
        run = run_chain(own, {**declared_by(own, sweep.fixed), **point.values}, ws, options)
    except KitError as error:
        return point.model_copy(
            update={"state": "failed", "exit_code": int(error.exit_code), "reason": str(error)[:_LETTERS]}
        )
    return _ended(sweep, point, run, place)


def _ended(sweep: SweepRecord, point: PointRecord, run: RunRecord, place: Path) -> PointRecord:
    code = ExitCode(run.exit_code if run.exit_code is not None else ExitCode.STEP_FAILED)
    facts = {
        "exit_code": int(code),
        "seconds": round(seconds_of_attempts(run), 2),
        "peak_memory_mb": max(notebook.peak_memory_mb for notebook in run.notebooks),
        "run_id": run.run_id,
    }
    if code is not ExitCode.DONE:
        print(explain(run), flush=True)  # noqa: T201  its log
    if code is not ExitCode.DONE and code not in VERDICTS:
        return point.model_copy(update={**facts, "state": "failed", "reason": _reason(run)})
    found = collect(sweep.metrics, [*_shared_run(sweep), run], place / "metrics.log")
    facts |= {"metrics": found.values}
    if code in VERDICTS:  # whatever is available from a point that stopped early
        return point.model_copy(update={**facts, "state": "done", "reason": VERDICTS[code]})
    state = "failed" if found.problem else "done"
    if found.problem:  # the same code would end the same way
        facts["exit_code"] = int(ExitCode.USAGE)
    return point.model_copy(update={**facts, "state": state, "reason": found.problem[:_LETTERS]})


def _shared_run(sweep: SweepRecord) -> list[RunRecord]:
    if not sweep.shared_run:
        return []
    folder = Path(sweep.shared_run)
    record = RunRecord.read(folder)
    if record is None:  # somebody deleted it: a metric that was recorded in it is then reported as missing
        return []
    # Its files are beside it, even if the workspace was moved since.
    return [record.model_copy(update={"workspace": str(folder.parents[1])})]


def _reason(run: RunRecord) -> str:
    if run.failure is None:
        return "It was interrupted."
    cell = f", cell {run.failure.cell}" if run.failure.cell else ""
    return f"{run.failure.notebook}{cell}: {run.failure.error}: {run.failure.reason}"[:_LETTERS]


def _end_with(pipe: int) -> None:
    """Interrupt this process when the holder of the other end of the pipe is gone."""
    while os.read(pipe, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_END_SECONDS)
    os._exit(int(ExitCode.INTERRUPTED))


def main(folder: Path, number: int) -> int:
    """Attempt a point; its standard input ends when nobody wants it any more."""
    pipe = os.dup(0)  # not inherited by what the run starts
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    try:
        with signals_as_interrupts():
            threading.Thread(target=_end_with, args=(pipe,), daemon=True).start()
            return attempt(SweepFolder(folder), number).exit_code or 0
    except KeyboardInterrupt:
        return int(ExitCode.INTERRUPTED)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
