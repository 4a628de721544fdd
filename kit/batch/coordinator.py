"""Coordinate a run: start the notebooks that may start, record how each ended, retry accidents, write the report."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import yaml

from kit.batch.admission import Admission
from kit.batch.chain import Chain, RunOptions
from kit.batch.decide import Decider, SkipDecision
from kit.batch.ending import stopped
from kit.batch.full_disk import give_back_room, is_whole, keep_room
from kit.batch.kernels import Kernels
from kit.batch.lane import Job, Lane, Outcome
from kit.batch.order import among
from kit.batch.plan import PlannedNotebook, common_parameters
from kit.batch.record import UNFINISHED, Attempt, NotebookRecord, RunRecord, StepRow, now
from kit.batch.redacted_log import papermill_logs_to
from kit.batch.retry import accident, is_death, pause_seconds
from kit.batch.watch import Watch
from kit.errors import ExitCode, StepFailedError
from kit.secret import Redactor, known_secrets
from kit.signals import signals_call
from kit.steps.monitor import STEPS_FILE
from kit.texts import Say
from kit.workspace import write_atomically

_POLL_SECONDS = 0.2
_STATES: dict[ExitCode, Any] = {ExitCode.DONE: "done", ExitCode.INTERRUPTED: "interrupted"}


class RunCoordinator:
    """One run in progress. The main thread decides; lanes and watches report to it. A lock guards the record."""

    def __init__(  # noqa: PLR0913, PLR0917  made in one place
        self, chain: Chain, record: RunRecord, folder: Path, options: RunOptions, decider: Decider, say: Say
    ) -> None:
        self._plan = {notebook.name: notebook for notebook in chain.plan}
        self._rows = {row.name: row for row in record.notebooks}
        self.record, self._folder, self._options = record, folder, options
        self._decider, self._say = decider, say
        usual = {name: decider.usual(notebook).memory_mb for name, notebook in self._plan.items()}
        memory = {name: most for name, most in usual.items() if most is not None}
        self._admission = Admission(among(chain.graph, self._plan), options.budget.here(), memory)
        self._decided: dict[str, SkipDecision] = {}
        self._not_before: dict[str, float] = {}
        self._ended: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self._lanes: list[Lane] = []
        self._idle: list[Lane] = []
        self._watches: dict[str, Watch] = {}
        self._codes: list[ExitCode] = []
        self._interrupted = False
        self._lock, self._telling = threading.RLock(), threading.RLock()
        self._sections: dict[str, Future[str]] = {}  # of the report, made while the next notebooks run
        self._background = ThreadPoolExecutor(1, "report")
        self._log = folder / "log.txt"
        self._redactor = Redactor(known_secrets(os.environ))

    def execute(self) -> RunRecord:
        parameters = common_parameters(list(self._plan.values()))
        write_atomically(self._folder / "parameters.yml", yaml.safe_dump(parameters, sort_keys=False))
        self.record.save(self._folder)
        try:
            keep_room(self._folder)
            with signals_call(self._interrupt), papermill_logs_to(self._log):
                self._tell(f"Run {self.record.run_id} in {self._folder}")
                self._lead()
        except BaseException:
            self._end(ExitCode.STEP_FAILED)
            raise
        self._end(self._exit_code())
        return self.record

    def _lead(self) -> None:
        with ExitStack() as stack:
            stack.callback(self._close)
            while not self._admission.is_over:
                if self._interrupted and not self._admission.running:
                    return
                self._start_what_may()
                if self._admission.running or self._not_before:
                    self._take_next()

    def _close(self) -> None:
        """End all kernels; when the run ends before its notebooks, those are stopped."""
        for watch in list(self._watches.values()):
            watch.interrupt()
        for lane in self._lanes:
            lane.end()
        for lane in self._lanes:
            lane.join()

    def _interrupt(self) -> None:
        """Stop all that runs, and start nothing more; called by a signal."""
        self._interrupted = True
        for watch in list(self._watches.values()):
            watch.interrupt()

    def _start_what_may(self) -> None:
        skipped = True
        while skipped and not self._interrupted:  # a skipped notebook may let others start
            skipped = False
            for name in self._admission.ready():
                if self._not_before.get(name, 0.0) > time.monotonic():
                    continue
                decision = self._decision(name)
                if decision.skip:
                    self._skip(name, decision)
                    skipped = True
                elif self._admission.has_room(name) and not self._interrupted:
                    self._start(name, decision)

    def _decision(self, name: str) -> SkipDecision:
        """Return whether it has to run; decided again only when something has ended since."""
        if self._rows[name].attempts:
            return SkipDecision(self._rows[name].why)
        if name not in self._decided:
            self._decided[name] = self._decider.decide(self._plan[name])
        return self._decided[name]

    def _skip(self, name: str, decision: SkipDecision) -> None:
        self._admission.ended(name, well=True)
        with self._change():
            row = self._rows[name]
            row.state, row.why, row.unchanged_since = "skipped", decision.why, decision.unchanged_since
        self._tell(f"[{name}] skipped, {decision.why}")

    def _start(self, name: str, decision: SkipDecision) -> None:
        notebook, row = self._plan[name], self._rows[name]
        self._admission.started(name)
        self._not_before.pop(name, None)
        usual = str(self._decider.usual(notebook))
        self._tell(", ".join(filter(None, [f"[{name}] started", usual])) + f"; {decision.why}")
        with self._change():
            row.state, row.why = "running", decision.why
        watch = Watch(
            self._folder / STEPS_FILE, lambda step: self._step_seen(name, step), self._limit(notebook)
        )
        self._watches[name] = watch
        if self._interrupted:  # by a signal that came before this watch
            watch.interrupt()
        ahead = next((self._plan[one].path.parent for one in self._admission.waiting), None)
        self._free_lane().submit(Job(notebook, watch, self._folder / f"{name}{UNFINISHED}", ahead))

    def _limit(self, notebook: PlannedNotebook) -> float | None:
        return self._options.timeout_seconds or notebook.facts.timeout_seconds

    def _free_lane(self) -> Lane:
        if self._idle:
            return self._idle.pop()  # the lane used last, which has a kernel ready
        lane = Lane(
            lambda: Kernels(self._options.kernel_name, self._folder, self._log, self._tell), self._ended
        )
        self._lanes.append(lane)
        return lane

    def _take_next(self) -> None:
        try:
            outcome = self._ended.get(timeout=_POLL_SECONDS)
        except queue.Empty:
            if not all(lane.is_alive for lane in self._lanes):
                raise StepFailedError(
                    "A worker thread of the run died unexpectedly. See the run's log."
                ) from None
            return
        self._idle.append(outcome.lane)
        name = outcome.job.notebook.name
        watch = self._watches.pop(name)
        if outcome.error is not None:
            raise outcome.error
        self._decided.clear()
        row = self._rows[name]
        row.seconds, row.kernel_seconds = outcome.seconds, outcome.kernel_seconds
        row.peak_memory_mb, row.kernel = self._peak(name, watch), watch.mark
        if not self._try_again(outcome, row):
            self._note_end(outcome, watch, row)

    def _peak(self, name: str, watch: Watch) -> float:
        """Return the memory of the kernel and of the steps that took most at a time, in MB.

        This is an upper bound: the kernel may have had its own peak at another moment.
        """
        steps = [step.together_mb for step in self.record.steps if step.notebook == name]
        return round(watch.memory.peak_mb + max(steps, default=0.0), 1)

    def _try_again(self, outcome: Outcome, row: NotebookRecord) -> bool:
        """Queue a notebook again if an accident has ended it and attempts are left; return whether it was queued."""
        what = accident(outcome.code, outcome.failure)
        if (
            what is None
            or outcome.failure is None
            or len(row.attempts) >= self._options.retries
            or self._interrupted
        ):
            return False
        with self._change():
            row.attempts.append(
                Attempt(seconds=outcome.seconds, error=outcome.failure.error, reason=outcome.failure.reason)
            )
            row.state, row.why = "pending", f"tried again, since {what}"
        outcome.job.output.unlink(missing_ok=True)
        self._admission.again(row.name, alone=is_death(outcome.failure))
        pause = pause_seconds(len(row.attempts))
        self._not_before[row.name] = time.monotonic() + pause
        self._tell(
            f"[{row.name}] {what} after {outcome.seconds:.1f} s; attempt {len(row.attempts) + 1} of "
            f"{self._options.retries + 1} in {pause:g} s"
        )
        return True

    def _note_end(self, outcome: Outcome, watch: Watch, row: NotebookRecord) -> None:
        code, failure = outcome.code, outcome.failure
        if watch.reason is not None and code is not ExitCode.DONE:
            failure = stopped(row.name, watch.reason, self._limit(outcome.job.notebook), failure)
        with self._change():
            row.state = _STATES.get(code, "failed")
            if failure is not None:
                self._codes.append(code)
                self.record.failures.append(failure)
                self.record.failure = self.record.failures[0]
            if code is ExitCode.DONE:
                row.same = self._decider.digests(outcome.job.notebook, self.record)
            if is_whole(outcome.job.output):
                row.executed = f"{row.name}.ipynb"
                outcome.job.output.replace(self._folder / row.executed)
        if row.executed:
            self._sections[row.name] = self._background.submit(_section, row.model_copy(), self._folder)
        self._tell(f"[{row.name}] {row.state}  {row.seconds:.1f} s")
        for lost, needed in self._admission.ended(row.name, well=code is ExitCode.DONE).items():
            with self._change():
                self._rows[lost].why = f"not run, since it needs {needed}"

    def _step_seen(self, notebook: str, step: Mapping[str, Any]) -> None:
        if step["state"] == "running":
            said = ", ".join(filter(None, [f"{step['seconds']:.0f} s", step["said"]]))
            self._tell(f"[{notebook}] {step['step']}  still running  {said}")
            return
        row = StepRow(notebook=notebook, **step)
        with self._change():
            self.record.steps.append(row)
        self._tell(f"[{notebook}] {row.step}  {row.state}  {row.seconds:.1f} s")

    def _exit_code(self) -> ExitCode:
        if self._interrupted and not all(row.has_results for row in self.record.notebooks):
            return ExitCode.INTERRUPTED
        return self._codes[0] if self._codes else ExitCode.DONE

    def _end(self, code: ExitCode) -> None:
        self.record.exit_code, self.record.ended = int(code), now()
        self.record.state = _STATES.get(code, "failed")
        for row in self.record.notebooks:
            row.state = self.record.state if row.state == "running" else row.state
        give_back_room(self._folder)
        self.record.save(self._folder)
        self._redactor.file(self._log)  # a secret split across two chunks of an unbroken line
        try:
            from kit.batch.report import write_report  # noqa: PLC0415  as in _section

            sections = [self._sections[name].result() for name in self._rows if name in self._sections]
            self._tell(f"Report: {write_report(self.record, self._folder, sections)}")
        except Exception as error:  # noqa: BLE001  a page that cannot be made must not change how the run ended
            self._say(f"The report could not be written: {type(error).__name__}: {error}")

    @contextmanager
    def _change(self) -> Iterator[None]:
        with self._lock:
            yield
            self.record.save(self._folder)

    def _tell(self, line: str) -> None:
        with self._telling:
            line = self._redactor.text(line)
            self._say(line)
            with self._log.open("a") as log:
                log.write(f"{now():%H:%M:%S} {line}\n")


def _section(notebook: NotebookRecord, folder: Path) -> str:
    from kit.batch.report import notebook_section  # noqa: PLC0415  nbconvert is slow to import

    return notebook_section(notebook, folder)
