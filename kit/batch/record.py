"""The record of a run: run.json, rewritten atomically at every change, so that it is true however the run dies."""

from __future__ import annotations

import contextlib
import datetime as dt
import platform
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ValidationError

from kit.batch.parameters import Value
from kit.process_mark import ProcessMark
from kit.versions import git_commit, installed_versions
from kit.workspace import write_atomically
from kit.workspace_folders import RUNS

RUN_FILE, REPORT_FILE = "run.json", "report.html"
UNFINISHED = ".running.ipynb"
"""The end of a notebook's name in the run's folder while it runs."""

RunState = Literal["running", "done", "failed", "interrupted", "killed"]
NotebookState = Literal["pending", "running", "done", "skipped", "failed", "interrupted", "killed"]


class Attempt(BaseModel):
    """An attempt that ended with an accident and was followed by another one."""

    seconds: float
    error: str
    reason: str


class NotebookRecord(BaseModel):
    """One notebook of a run.

    Attributes:
        place: what tells it from others of its name (see `kit.batch.plan.place_of`); empty: not noted.
        seconds: the seconds of the last attempt, the start of its kernel included.
        kernel_seconds: the seconds that it waited for its kernel.
        peak_memory_mb: the peak megabytes of its kernel plus those of the steps that took most at a time; pages shared
            with others, such as the warm process, count in part. 0: not known.
        executed: the name of its executed copy in the run's folder, once it has ended.
        attempts: the earlier attempts.
        why: why it ran again, was skipped or has not run, in one line.
        unchanged_since: the run whose results it has, where it was skipped; empty: it was not.
        kernel: the mark of its kernel, by which its times are found (see `kit.batch.times`).
        same: digests of what its results depend on (see `kit.batch.unchanged`); empty: not known.
    """

    name: str
    path: str
    place: str = ""
    parameters: dict[str, Value]
    state: NotebookState = "pending"
    seconds: float | None = None
    kernel_seconds: float = 0.0
    peak_memory_mb: float = 0.0
    executed: str | None = None
    attempts: list[Attempt] = []
    why: str = ""
    unchanged_since: str = ""
    kernel: str = ""
    same: dict[str, str] = {}

    @property
    def has_results(self) -> bool:
        """Whether it ended well, or has the results of an earlier run that still hold."""
        return self.state in {"done", "skipped"}

    def is_of(self, project: Value | None) -> bool:
        """Tell whether it ran on a project, as its parameter names it; None: on none."""
        return self.parameters.get("project_name", project) == project

    def ended_well_on(self, project: Value | None) -> bool:
        """Tell whether it ended well, on a project as `is_of` has it."""
        return self.state == "done" and self.is_of(project)


class StepRow(BaseModel):
    """How one TFX step ended, in which notebook; its memory is counted as in `kit.steps.monitor.StepRecord`."""

    notebook: str
    step: str
    state: str
    seconds: float
    log: str = ""
    peak_memory_mb: float = 0.0
    together_mb: float = 0.0


class Failure(BaseModel):
    """Where and why a run stopped; `cell` counts from 1 in the executed notebook, markdown included."""

    notebook: str
    cell: int | None
    source: str
    error: str
    reason: str


class RunRecord(BaseModel):
    """All facts of one run.

    Attributes:
        number: counts the runs of the workspace, whatever the clock said; 0: not counted.
        failure: the first of `failures`, which gives the run its exit code.
        host, pid, pid_started: the process that runs it (see `kit.process_mark`).
    """

    run_id: str
    number: int = 0
    project: str
    workspace: str
    state: RunState = "running"
    exit_code: int | None = None
    started: dt.datetime
    ended: dt.datetime | None = None
    notebooks: list[NotebookRecord]
    steps: list[StepRow] = []
    failure: Failure | None = None
    failures: list[Failure] = []
    versions: dict[str, str | None]
    python: str
    git_commit: str | None
    host: str
    pid: int
    pid_started: float

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """Return the record of the run with this folder, as it stands there; None: there is no valid one."""
        try:
            return cls.model_validate_json((folder / RUN_FILE).read_bytes())
        except (OSError, ValidationError):
            return None

    def save(self, folder: Path) -> None:
        write_atomically(folder / RUN_FILE, self.model_dump_json(indent=2) + "\n")

    @property
    def folder(self) -> Path:
        """The folder of the run, where its workspace was at that time."""
        return Path(self.workspace) / RUNS / self.run_id

    @property
    def all_failures(self) -> list[Failure]:
        """What it stopped at, the first failure first; records of earlier releases have only that."""
        return self.failures or ([self.failure] if self.failure else [])

    @property
    def seconds(self) -> float:
        """From start to end, or until now."""
        return ((self.ended or now()) - self.started).total_seconds()

    @property
    def is_orphan(self) -> bool:
        """Whether it claims to be running although its process is gone."""
        mark = ProcessMark(self.host, self.pid, self.pid_started)
        return self.state == "running" and mark.is_here and mark.process() is None

    def as_killed(self) -> Self:
        """Return what it would say if its process had been able to tell that it was killed."""
        notebooks = [
            one.model_copy(update={"state": "killed"}) if one.state == "running" else one
            for one in self.notebooks
        ]
        return self.model_copy(update={"state": "killed", "notebooks": notebooks})


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def make_run_folder(runs: Path, project: str) -> Path:
    """Make the folder of a new run; its name, the run id, sorts by time (UTC)."""
    words = re.sub(r"[^a-z0-9_]+", "_", project.lower()).strip("_") or "run"
    base = f"{now():%Y%m%d-%H%M%S}-{words}"
    runs.mkdir(parents=True, exist_ok=True)
    for attempt in range(1, 1000):
        folder = runs / (base if attempt == 1 else f"{base}-{attempt}")
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise FileExistsError(base)


def new_record(
    run_id: str, project: str, workspace: Path, notebooks: list[NotebookRecord], *, number: int = 0
) -> RunRecord:
    """Return the record of a run that this process starts now."""
    mark = ProcessMark.of_this()
    return RunRecord(
        run_id=run_id,
        number=number,
        project=project,
        workspace=str(workspace),
        started=now(),
        notebooks=notebooks,
        versions=installed_versions(),
        python=platform.python_version(),
        git_commit=git_commit(),
        host=mark.host,
        pid=mark.pid,
        pid_started=mark.started,
    )


def list_runs(runs: Path) -> list[RunRecord]:
    """Return the runs of a workspace, oldest first; those that died without saying so as killed.

    Folders without a valid run.json are left out.
    """
    found = [record.as_killed() if record.is_orphan else record for _, record in _read_runs(runs)]
    # The ids follow the clock: one given while it was ahead would be the latest forever.
    return sorted(found, key=lambda record: record.number)


def mark_killed_runs(runs: Path) -> None:
    """Write into run.json of runs of this machine that died without saying so that they were killed."""
    for folder, record in _read_runs(runs):
        if record.is_orphan:
            with contextlib.suppress(OSError):  # whoever may only read does without
                record.as_killed().save(folder)


def _read_runs(runs: Path) -> Iterator[tuple[Path, RunRecord]]:
    for path in sorted(runs.glob(f"*/{RUN_FILE}")):
        if record := RunRecord.read(path.parent):
            yield path.parent, record
