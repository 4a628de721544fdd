"""Run a sweep to its end: the shared notebooks once, every point that is not done, then the results."""

from __future__ import annotations

import shutil
from collections import deque
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from dataclasses import dataclass
from pathlib import Path

from kit.batch.run import RunOptions, explain, run_chain
from kit.batch.unchanged import differences
from kit.errors import ExitCode
from kit.signals import signals_as_interrupts
from kit.sweep.branch import branch
from kit.sweep.code import code_parts
from kit.sweep.errors import WorkersLostError
from kit.sweep.points import declared_by
from kit.sweep.records import PointRecord, SweepFolder, SweepRecord, best_of, read_point, save_point
from kit.sweep.results import write_results
from kit.sweep.workers import OpenWorkers, Workers
from kit.texts import Say
from kit.workspace import Workspace
from kit.workspace_folders import RUNS

_POLL_SECONDS = 0.5
_END_SECONDS = 60.0  # for running points to end, once the sweep is stopped


@dataclass(frozen=True)
class SweepEnded:
    """How a sweep ended.

    Attributes:
        record: the record of the sweep.
        points: all of them, in order.
        exit_code: 0 when every point is done, 20 when some are left out, 21 when it was stopped; or that of the shared
            notebooks, on which all points depend.
    """

    record: SweepRecord
    points: list[PointRecord]
    exit_code: ExitCode

    @property
    def best(self) -> PointRecord | None:
        return best_of(self.record, self.points)


def run_sweep(folder: SweepFolder, open_workers: OpenWorkers, say: Say = print) -> SweepEnded:
    """Run all points of a sweep that are not done; a sweep that was killed is resumed.

    Args:
        folder: the folder of the sweep, which `begin_sweep` has made.
        open_workers: opens the workers that run the points, once the shared notebooks are done.
        say: is told every line of progress.

    Raises:
        UsageError: when the sweep runs already, or its workers cannot be used.
        WorkersLostError: when they are gone before all points have ended; the results so far are written.
    """
    record = folder.read()
    with Workspace(folder.path).lock("sweep", f"kit sweep {record.name}", wait=False):
        folder.stop_file.unlink(missing_ok=True)
        with signals_as_interrupts():
            _warn_of_other_code(folder, record, say)
            # Once all points are done, their base is not needed, and may have been deleted.
            done = all(point.is_done for point in folder.points())
            code = ExitCode.DONE if done else _run_shared(folder, record, say)
            if code is ExitCode.DONE:
                code = _Points(folder, folder.read(), say).run(open_workers)
        points = folder.points()
        say(f"Results: {write_results(folder, folder.read(), points)}")
        return SweepEnded(record, points, code)


def _warn_of_other_code(folder: SweepFolder, record: SweepRecord, say: Say) -> None:
    states = {point.state for point in folder.points()}
    if states == {"done"} or not ("done" in states or record.shared_run):
        return  # all points are run by the same code
    now = code_parts(record.notebooks, record.projects, folder.base)
    if changed := differences(record.code_parts, now):
        say(
            f"Since this sweep began, {', '.join(changed)} changed: what has run and what runs now must not be "
            "compared. Begin a new sweep to compare all points."
        )


def _run_shared(folder: SweepFolder, record: SweepRecord, say: Say) -> ExitCode:
    """Run the notebooks that all points share in a branch of the workspace, unless that is done."""
    # Left by a sweep that was killed while branching
    for unfinished in folder.path.glob(f".{folder.base.name}.*"):
        shutil.rmtree(unfinished, ignore_errors=True)
    if not folder.base.exists():
        branch(Workspace(record.workspace), folder.base, say)
    if not record.shared or record.shared_run:
        return ExitCode.DONE
    shared = [Path(name) for name in record.shared]
    say("The notebooks that all points share:")
    # Nothing is skipped: records of skipped notebooks would be missing.
    options = RunOptions(timeout_seconds=record.timeout_seconds, kernel_name=record.kernel_name, skip=False)
    run = run_chain(shared, declared_by(shared, record.fixed), folder.base, options, say)
    if run.exit_code != ExitCode.DONE:
        say(explain(run))
        say(f"No point has run. Resume it: {folder.resume_command}")
        return ExitCode(run.exit_code if run.exit_code is not None else ExitCode.STEP_FAILED)
    folder.save(record.model_copy(update={"shared_run": str(folder.base / RUNS / run.run_id)}))
    return ExitCode.DONE


class _Points:
    """The points that are not done, from the queue to their end."""

    def __init__(self, folder: SweepFolder, record: SweepRecord, say: Say) -> None:
        self._folder, self._record, self._say = folder, record, say
        points = folder.points()
        self._total = len(points)
        self._over = sum(point.is_done for point in points)
        self._queue = deque(point for point in points if not point.is_done)
        self._tries: dict[int, int] = {}
        self._running: dict[Future[str], PointRecord] = {}

    def run(self, open_workers: OpenWorkers) -> ExitCode:
        if self._over:
            self._say(f"Points done already: {self._over} of {self._total}.")
        if self._queue:
            workers = open_workers(self._folder.path)
            try:
                self._run(workers)
            except KeyboardInterrupt:
                self._stop()
                return ExitCode.INTERRUPTED
            except WorkersLostError:
                write_results(self._folder, self._record, self._folder.points())
                raise
            finally:
                workers.close()
        done = all(point.is_done for point in self._folder.points())
        return ExitCode.DONE if done else ExitCode.STEP_FAILED

    def _run(self, workers: Workers) -> None:
        while self._queue or self._running:
            while self._queue and workers.has_room(len(self._running)):
                point = self._queue.popleft()
                self._tries[point.number] = self._tries.get(point.number, 0) + 1
                self._running[workers.begin(point.number)] = point
                self._say(f"[{self._over}/{self._total}] point {point.number} begins: {point.said}")
            ended, _ = wait(self._running, _POLL_SECONDS, FIRST_COMPLETED)
            for future in ended:
                workers.learn(self._take(self._running.pop(future), future).peak_memory_mb)
            for line in workers.maintain():
                self._say(line)

    def _take(self, point: PointRecord, future: Future[str]) -> PointRecord:
        """Report how an attempt ended, and start another if that is worth while."""
        ended = self._result(point, future)
        if ended.again and self._tries[ended.number] < self._record.attempts:
            self._say(
                f"Point {ended.number} failed and gets another attempt after the others: {ended.reason}"
            )
            self._queue.append(ended)
            return ended
        self._over += 1
        how = ended.shown_state if ended.state == "failed" else ended.reason or "done"
        found = "".join(f", {name} {value:.6g}" for name, value in ended.metrics.items())
        took = f", {ended.seconds:.1f} s" if ended.seconds is not None else ""
        why = f": {ended.reason}" if ended.state == "failed" else ""
        self._say(f"[{self._over}/{self._total}] point {ended.number} {how}{found}{took}{why}")
        return ended

    def _result(self, point: PointRecord, future: Future[str]) -> PointRecord:
        """Return how a point ended; record it here if the attempt could not."""
        try:
            return PointRecord.model_validate_json(future.result())
        except CancelledError:
            raise WorkersLostError(
                f"The scheduler must stay until all points have ended, but it has given up point {point.number}. "
                f"Resume it: {self._folder.resume_command}"
            ) from None
        except Exception as error:  # noqa: BLE001  such as Dask's KilledWorker; the other points go on
            place = self._folder.point(point.number)
            reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
            failed = read_point(place).model_copy(
                update={"state": "failed", "exit_code": None, "reason": reason}
            )
            save_point(place, failed)
            return failed

    def _stop(self) -> None:
        """End what runs, so that nothing is left behind."""
        self._say(
            f"Interrupted; points that ran and are stopped: {len(self._running)}. What is done stays. "
            f"Resume it: {self._folder.resume_command}"
        )
        self._folder.stop_file.touch()
        wait(self._running, _END_SECONDS)
