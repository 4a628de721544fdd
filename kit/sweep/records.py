"""The records of a sweep and of its points, written atomically, so that they are true however a process dies."""

from __future__ import annotations

import datetime as dt
import re
import shlex
from pathlib import Path
from typing import Literal, Self, TypeVar

from pydantic import BaseModel, ValidationError

from kit.batch.parameters import Value
from kit.errors import ExitCode
from kit.project_section import said_of
from kit.sweep.errors import SweepError
from kit.sweep.space_file import Metric
from kit.workspace import workspace_option, write_atomically
from kit.workspace_folders import RUNS

PointState = Literal["pending", "running", "done", "failed"]
# A verdict about data or model is a result, and would be the same again.
VERDICTS = {
    ExitCode.DATA_ANOMALY: "stopped by a data anomaly",
    ExitCode.DRIFT: "stopped by drift or skew",
    ExitCode.NOT_BLESSED: "not blessed",
    ExitCode.INFRA_CHECK: "stopped by the infra check",
}
WORKER_VARIABLE = "KIT_SWEEP_WORKER"
"""Tells an attempt which worker has started it, for its record."""

_WORTH_ANOTHER_ATTEMPT = {None, ExitCode.STEP_FAILED, ExitCode.INTERRUPTED}
RECORD, POINT_RECORD = "sweep.json", "point.json"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,60}")
_Record = TypeVar("_Record", bound=BaseModel)


class PointRecord(BaseModel):
    """One point.

    Attributes:
        number: its place in the sweep, from 1.
        values: the values of the swept parameters.
        state: `done`, also where a gate stopped it, or `failed`; `again` says whether another attempt is worth while.
        exit_code: the exit code of its run; None: its process died, or it has not ended.
        metrics: the values by column, as far as they are known.
        seconds: the seconds that its runs took, of all attempts together.
        peak_memory_mb: the peak of its last run in megabytes; 0: not known.
        attempts: how many were started.
        reason: why it failed, or the verdict that stopped it.
        run_id: the id of its run in its workspace.
        code: a digest of what it ran with: kit, packages, notebooks, project.
        host, worker: where it ran.
    """

    number: int
    values: dict[str, Value]
    state: PointState = "pending"
    exit_code: int | None = None
    metrics: dict[str, float] = {}
    seconds: float | None = None
    peak_memory_mb: float = 0.0
    attempts: int = 0
    reason: str = ""
    run_id: str = ""
    code: str = ""
    host: str = ""
    worker: str = ""

    @property
    def said(self) -> str:
        """Its values, in words."""
        return ", ".join(f"{name} {value}" for name, value in self.values.items())

    @property
    def is_done(self) -> bool:
        """Whether it needs no other attempt: it ended well, or a gate stopped it."""
        return self.state == "done"

    @property
    def ended_well(self) -> bool:
        """Whether it is done and no gate was missed."""
        return self.is_done and self.exit_code == ExitCode.DONE

    @property
    def was_stopped(self) -> bool:
        """Whether it is done because a gate stopped it."""
        return self.is_done and not self.ended_well

    @property
    def is_left_out(self) -> bool:
        """Whether it failed, and not because the sweep was interrupted."""
        return self.state == "failed" and self.exit_code != ExitCode.INTERRUPTED

    @property
    def shown_state(self) -> str:
        """Its state, in words."""
        if self.is_left_out:
            return "left out"
        return "interrupted" if self.state == "failed" else self.state

    @property
    def again(self) -> bool:
        """Whether another attempt may end differently: a step or a process failed, rather than a verdict or a limit."""
        return self.state == "failed" and self.exit_code in _WORTH_ANOTHER_ATTEMPT


class SweepRecord(BaseModel):
    """What a sweep was asked for, checked, and how its shared part ended.

    Attributes:
        workspace: the workspace that it started from.
        shared: notebooks that no swept parameter touches; they run once.
        own: the notebooks that run at every point.
        fixed: parameters that all points share.
        swept: the names of the others, in order; `logarithmic` are those whose range goes by factors.
        count: how many points it has.
        metrics: the metrics that every point must have; the first with a goal orders the points.
        attempts: the most attempts at each point.
        projects: names or folders of the projects that its points are about.
        code: a digest of all that ran its points when it began; `code_parts` has one for each thing.
        shared_run: folder of the run of the shared notebooks, once it has ended well.
    """

    name: str
    workspace: str
    started: dt.datetime
    shared: list[str]
    own: list[str]
    fixed: dict[str, Value]
    swept: list[str]
    count: int
    logarithmic: list[str] = []
    metrics: list[Metric] = []
    attempts: int = 2
    timeout_seconds: float | None = None
    kernel_name: str = "kit"
    projects: list[str] = []
    code: str = ""
    code_parts: dict[str, str] = {}
    shared_run: str = ""

    @property
    def notebooks(self) -> list[str]:
        """All of its notebooks, in the order in which they run."""
        return [*self.shared, *self.own]

    @property
    def objective(self) -> Metric | None:
        """The first metric with a goal, by which points are ordered."""
        return next((metric for metric in self.metrics if metric.goal), None)


class SweepFolder:
    """The files of one sweep."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def of(cls, workspace: Path, name: str) -> Self:
        """Return the folder of a sweep by its name.

        Raises:
            SweepError: when the name is not valid for a folder.
        """
        if not _NAME.fullmatch(name):
            raise SweepError(
                f"A sweep's name must be letters, digits, `_`, `.` and `-`, but is {name!r}. Choose another one with "
                f"--name, or rename the folder of this name in {sweeps_of(workspace)}."
            )
        return cls(sweeps_of(workspace) / name)

    @property
    def base(self) -> Path:
        return self.path / "base"

    @property
    def resume_command(self) -> str:
        """The shell command that resumes the sweep."""
        return f"kit sweep --resume {self.path.name}{workspace_option(self.path.parents[1])}"

    @property
    def stop_file(self) -> Path:
        """While this file exists, workers end what they run."""
        return self.path / ".stop"

    def exists(self) -> bool:
        return (self.path / RECORD).exists()

    def point(self, number: int) -> Path:
        return self.path / "points" / f"{number:04d}"

    def workspace_of(self, number: int) -> Path:
        """Return the workspace of a point; it is made by the first attempt at it, and `kit gc` may have deleted it."""
        return self.point(number) / "ws"

    def save(self, record: SweepRecord) -> None:
        write_atomically(self.path / RECORD, record.model_dump_json(indent=2) + "\n")

    def read(self) -> SweepRecord:
        """Return the record of the sweep.

        Raises:
            SweepError: when there is no such sweep, or its record is not readable.
        """
        path = self.path / RECORD
        if not path.exists():
            known = ", ".join(list_sweeps(self.path.parents[1])) or "none"
            raise SweepError(
                f"There is no sweep {self.path.name!r} in {self.path.parents[1]}. Sweeps there: {known}. "
                "Give one of these, or the file of a new sweep."
            )
        record = _read_record(path, SweepRecord, self.path)
        # It may have been moved or copied since it was written.
        shared_run = self.base / RUNS / Path(record.shared_run).name if record.shared_run else ""
        here = {"name": self.path.name, "workspace": str(self.path.parents[1]), "shared_run": str(shared_run)}
        return record.model_copy(update=here)

    def points(self) -> list[PointRecord]:
        """Return all points as they are on disk, in order.

        Raises:
            SweepError: when the record of the sweep or of a point is missing or not readable.
        """
        return [read_point(self.point(number)) for number in range(1, self.read().count + 1)]


def read_point(folder: Path) -> PointRecord:
    """Return the record of a point.

    Raises:
        SweepError: when it is missing or not readable.
    """
    return _read_record(folder / POINT_RECORD, PointRecord, folder.parents[1])


def _read_record(path: Path, kind: type[_Record], sweep: Path) -> _Record:
    try:
        return kind.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        found = "it is not there"
    except UnicodeDecodeError:
        found = "it is not UTF-8 text"
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(str(part) for part in problem["loc"])
        found = f"{field}: {said_of(problem)}" if field else said_of(problem)
    raise SweepError(
        f"{path} must be a record of this sweep, but {found}. Bring it back from a copy, or begin the sweep anew: "
        f"kit sweep {shlex.quote(str(sweep / 'sweep.yml'))} --name NAME{workspace_option(sweep.parents[1])}"
    )


def save_point(folder: Path, record: PointRecord) -> None:
    write_atomically(folder / POINT_RECORD, record.model_dump_json(indent=2) + "\n")


def sweeps_of(workspace: Path) -> Path:
    """Return the folder of the sweeps of a workspace."""
    return workspace / "sweeps"


def list_sweeps(workspace: Path) -> list[str]:
    """Return the names of the sweeps of a workspace, including folders with invalid names."""
    found = (path.parent.name for path in sweeps_of(workspace).glob(f"*/{RECORD}"))
    return sorted(name for name in found if not name.startswith("."))  # not begun yet


def ordered(record: SweepRecord, points: list[PointRecord]) -> list[PointRecord]:
    """Return the points, the best first, then those stopped by a gate, then those without the metric."""
    objective = record.objective

    def place(point: PointRecord) -> tuple[int, float, int]:
        value = point.metrics.get(objective.column) if objective else None
        if objective is None or value is None:
            return (2 if objective else 0, 0.0, point.number)
        return (not point.ended_well, -value if objective.goal == "maximise" else value, point.number)

    return sorted(points, key=place)


def best_of(record: SweepRecord, points: list[PointRecord]) -> PointRecord | None:
    """Return the point with the best value among those that ended well; None: there is none, or no goal."""
    objective = record.objective
    judged = [
        point for point in points if objective and point.ended_well and objective.column in point.metrics
    ]
    return ordered(record, judged)[0] if judged else None
