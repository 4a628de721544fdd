"""A chain of notebooks from start to end: one lock, one folder of records, one exit code."""

from __future__ import annotations

import importlib
import shlex
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from kit.batch.kernels import Kernels
from kit.batch.parameters import Value
from kit.batch.plan import NOTEBOOKS, PlannedNotebook, common_parameters, plan_chain
from kit.batch.record import (
    Failure,
    NotebookRecord,
    RunRecord,
    StepRow,
    list_runs,
    make_run_folder,
    new_record,
    now,
)
from kit.batch.watch import Watch
from kit.errors import ExitCode, OutOfTimeError
from kit.project import Project
from kit.steps.monitor import STEPS_FILE
from kit.workspace import Workspace, write_atomically

Say = Callable[[str], None]
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class RunOptions:
    """How a chain runs, apart from its parameters.

    Attributes:
        timeout_seconds: for each notebook, the start of its kernel included.
        wait: for another run on the same workspace; otherwise that is an error.
        kernel_name: the kernelspec; `kit` has a head start.
    """

    timeout_seconds: float | None = None
    wait: bool = True
    kernel_name: str = "kit"


def run_chain(
    notebooks: Sequence[Path],
    given: Mapping[str, object],
    workspace: Path,
    options: RunOptions = RunOptions(),
    say: Say = print,
) -> RunRecord:
    """Run notebooks in order and stop at the first that fails.

    Args:
        notebooks: as `choose_notebooks` returns them.
        given: parameters that somebody set, shared by all notebooks that declare them.
        workspace: given to every notebook that declares `workspace`; holds the records of the run.
        options: time limit, waiting, kernel.
        say: is told every line of progress.

    Returns:
        The record of the run, as its run.json has it; its exit code tells how it ended.

    Raises:
        UsageError: when a parameter, notebook, project or workspace cannot be used; nothing has run.
        KeyboardInterrupt: when interrupted before the first notebook.
    """
    plan = plan_chain(notebooks, given, {"workspace": str(workspace)})
    projects = [n.parameters["project_name"] for n in plan if "project_name" in n.parameters]
    project = Project.load(str(projects[0]), workspace).name if projects else plan[0].name
    place = Workspace(workspace)
    with _signals_as_interrupts(), place.lock("run", f"kit run, {project}", wait=options.wait, say=say):
        list_runs(place.runs)  # marks what was killed
        folder = make_run_folder(place.runs, project)
        rows = [NotebookRecord(name=n.name, path=str(n.path), parameters=n.parameters) for n in plan]
        record = new_record(folder.name, project, place.path, rows)
        return _Run(plan, record, folder, options, say).execute()


class _Run:
    """One run in progress; the watch's thread and the main thread change its record under one lock."""

    def __init__(
        self,
        plan: list[PlannedNotebook],
        record: RunRecord,
        folder: Path,
        options: RunOptions,
        say: Say,
    ) -> None:
        self._plan, self.record, self._folder = plan, record, folder
        self._options, self._say = options, say
        self._lock = threading.Lock()
        self._sections: list[Future[str]] = []  # of the report, made while the notebooks that follow run
        self._background = ThreadPoolExecutor(1, "report")
        self._log = folder / "log.txt"

    def execute(self) -> RunRecord:
        parameters: dict[str, Value] = common_parameters(self._plan)
        write_atomically(self._folder / "parameters.yml", yaml.safe_dump(parameters, sort_keys=False))
        self.record.save(self._folder)
        self._tell(f"Run {self.record.run_id} in {self._folder}")
        try:
            code = self._run_notebooks()
        except KeyboardInterrupt:  # between two notebooks
            code = ExitCode.INTERRUPTED
        except BaseException:
            self._end(ExitCode.STEP_FAILED)
            raise
        self._end(code)
        return self.record

    def _run_notebooks(self) -> ExitCode:
        folders = [notebook.path.parent for notebook in self._plan]  # where JupyterLab would start them
        with Kernels(self._options.kernel_name, self._folder, self._log, folders, self._tell) as kernels:
            # papermill is slow to import, and a wrong parameter needs none of it.
            kernels.meanwhile(lambda: importlib.import_module("kit.batch.engine"))
            for notebook, row in zip(self._plan, self.record.notebooks, strict=True):
                code = self._run_notebook(notebook, row, kernels)
                if code is not ExitCode.DONE:
                    return code
        return ExitCode.DONE

    def _run_notebook(self, notebook: PlannedNotebook, row: NotebookRecord, kernels: Kernels) -> ExitCode:
        from kit.batch import engine  # noqa: PLC0415  imported before, while the first kernel started

        self._tell(f"[{notebook.name}] started")
        with self._change():
            row.state = "running"
        started = time.monotonic()
        unfinished = self._folder / f"{notebook.name}.running.ipynb"
        limit = self._options.timeout_seconds
        with (
            Watch(
                self._folder / STEPS_FILE, lambda step: self._step_ended(notebook.name, step), limit
            ) as watch,
            _interrupts_go_to(watch),
        ):
            code, failure = engine.execute(
                notebook,
                unfinished,
                watch=watch,
                kernels=kernels,
                log=self._log,
            )
        if watch.reason is not None:
            failure = _stopped(notebook.name, watch.reason, limit, failure)
        with self._change():
            row.seconds = round(time.monotonic() - started, 2)
            row.state = _STATES.get(code, "failed")
            self.record.failure = failure
            if unfinished.exists():
                row.executed = f"{notebook.name}.ipynb"
                unfinished.replace(self._folder / row.executed)
        if row.executed:
            self._sections.append(self._background.submit(_section, row.model_copy(), self._folder))
        self._tell(f"[{notebook.name}] {row.state}  {row.seconds:.1f} s")
        return code

    def _step_ended(self, notebook: str, step: Mapping[str, Any]) -> None:
        row = StepRow(notebook=notebook, **step)
        with self._change():
            self.record.steps.append(row)
        self._tell(f"[{notebook}] {row.step}  {row.state}  {row.seconds:.1f} s")

    def _end(self, code: ExitCode) -> None:
        self.record.exit_code, self.record.ended = int(code), now()
        self.record.state = _STATES.get(code, "failed")
        for row in self.record.notebooks:
            row.state = self.record.state if row.state == "running" else row.state
        self.record.save(self._folder)
        try:
            from kit.batch.report import write_report  # noqa: PLC0415  as in _section

            sections = [section.result() for section in self._sections]
            self._tell(f"Report: {write_report(self.record, self._folder, sections)}")
        except Exception as error:  # noqa: BLE001  a page that cannot be made must not change how the run ended
            self._say(f"The report could not be written: {type(error).__name__}: {error}")

    @contextmanager
    def _change(self) -> Iterator[None]:
        with self._lock:
            yield
            self.record.save(self._folder)

    def _tell(self, line: str) -> None:
        self._say(line)
        with self._log.open("a") as log:
            log.write(f"{now():%H:%M:%S} {line}\n")


def _section(notebook: NotebookRecord, folder: Path) -> str:
    from kit.batch.report import notebook_section  # noqa: PLC0415  nbconvert is slow to import

    return notebook_section(notebook, folder)


_STATES: dict[ExitCode, Any] = {ExitCode.DONE: "done", ExitCode.INTERRUPTED: "interrupted"}


def _stopped(notebook: str, why: ExitCode, limit_seconds: float | None, seen: Failure | None) -> Failure:
    """Tell why a notebook was stopped instead of how: an interrupt, a dead kernel, a cell not started."""
    if why is ExitCode.OUT_OF_TIME:
        error = OutOfTimeError.__name__
        reason = f"A notebook may take {limit_seconds:g} s (`--timeout`); this one was stopped after that."
    else:
        error, reason = "Interrupted", "The run was told to stop, and its kernel has ended."
    cell, source = (seen.cell, seen.source) if seen else (None, "")
    return Failure(notebook=notebook, cell=cell, source=source, error=error, reason=reason)


def explain(record: RunRecord) -> str:
    """Return where and why a run stopped and how to go on; the last thing that a person is shown."""
    paths = [Path(notebook.path) for notebook in record.notebooks]
    names = [path.stem if path.parent == NOTEBOOKS else str(path) for path in paths]
    command = "kit run " + " ".join(shlex.quote(name) for name in names)
    parameters = Path(record.workspace) / "runs" / record.run_id / "parameters.yml"
    advice = (
        "To continue: remove the cause and run again; finished steps come from the cache.\n"
        f"  {command} -f {shlex.quote(str(parameters))}"
    )
    failure = record.failure
    if failure is None:
        return f"The run was interrupted between two notebooks.\n{advice}"
    place = f"{failure.notebook}, cell {failure.cell}" if failure.cell else failure.notebook
    source = "".join(f"    {line}\n" for line in failure.source.splitlines())
    reason = f"{failure.error}: {failure.reason}" if failure.reason else failure.error
    return f"{advice}\nStopped in {place} (exit code {record.exit_code}):\n{source}{reason}"


@contextmanager
def _signals_as_interrupts() -> Iterator[None]:
    """Let a scheduler's SIGTERM and a closed terminal end a run as Ctrl-C does."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with _handling(interrupt):
        yield


@contextmanager
def _interrupts_go_to(watch: Watch) -> Iterator[None]:
    """While a notebook runs a signal must stop its kernel, not tear papermill apart."""
    with _handling(lambda *_: watch.interrupt()):
        yield


@contextmanager
def _handling(handler: Callable[..., None]) -> Iterator[None]:
    """Set the handler for the signals that end a run; ignored ones (nohup) stay ignored."""
    if threading.current_thread() is not threading.main_thread():  # signals are the main thread's
        yield
        return
    before = {s: signal.getsignal(s) for s in _SIGNALS}
    chosen = [s for s in _SIGNALS if before[s] is not signal.SIG_IGN]
    for number in chosen:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number in chosen:
            signal.signal(number, before[number])
