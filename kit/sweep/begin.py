"""Begin a sweep: check everything before anything runs, and record it so that the sweep can be resumed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kit.batch.parameters import Value, read_parameters
from kit.batch.plan import choose_notebooks, plan_chain, require_secrets
from kit.batch.record import now
from kit.project import Project
from kit.sweep.code import as_one, code_parts
from kit.sweep.errors import SweepError
from kit.sweep.metric_names import check_metrics
from kit.sweep.points import make_points
from kit.sweep.records import PointRecord, SweepFolder, SweepRecord, save_point
from kit.sweep.space_file import Range, SpaceFile, read_space
from kit.workspace import Workspace, write_atomically


@dataclass(frozen=True)
class SweepOptions:
    """How a sweep runs, apart from its space.

    Attributes:
        fixed: parameters that all points share; they override those of the file.
        attempts: the most attempts at each point.
        timeout_seconds: the time limit of each notebook.
        kernel_name: the kernelspec.
    """

    fixed: dict[str, Value] = field(default_factory=dict)
    attempts: int = 2
    timeout_seconds: float | None = None
    kernel_name: str = "kit"


@dataclass(frozen=True)
class PlannedSweep:
    """A checked sweep of which nothing is written yet."""

    record: SweepRecord
    points: list[PointRecord]
    text: str

    @property
    def said(self) -> str:
        """Its size, in a sentence or two."""
        own = ", ".join(Path(path).stem for path in self.record.own)
        shared = ", ".join(Path(path).stem for path in self.record.shared)
        first = f"{shared} once, " if shared else ""
        points = "1 point" if len(self.points) == 1 else f"{len(self.points)} points"
        return f"{points} of {', '.join(self.record.swept)}: {first}then {own} at every point."


def plan_sweep(
    file: Path, workspace: Path, name: str = "", options: SweepOptions = SweepOptions()
) -> PlannedSweep:
    """Check the file of a sweep and return the planned sweep.

    Args:
        file: the space.
        workspace: the workspace that every point begins with.
        name: the name of the sweep; empty: that of the file.
        options: attempts, time limit, kernel.

    Raises:
        UsageError: when the file, a notebook, a parameter or the project cannot be used.
    """
    space = _with_fixed(read_space(file), options.fixed, file)
    notebooks = choose_notebooks(space.notebooks)
    values = make_points(space, notebooks, str(file))
    names = _projects(notebooks, [{**space.fixed, **point} for point in values])
    projects = [Project.load(name, workspace) for name in names]
    check_metrics(space.metrics, notebooks, projects, str(file))
    code = code_parts(map(str, notebooks), names, workspace)
    own = next(place for place, path in enumerate(notebooks) if {*read_parameters(path)} & {*space.swept})
    record = SweepRecord(
        name=name or file.stem,
        workspace=str(workspace),
        started=now(),
        shared=[str(path) for path in notebooks[:own]],
        own=[str(path) for path in notebooks[own:]],
        fixed=space.fixed,
        swept=list(space.swept),
        count=len(values),
        logarithmic=_logarithmic(space),
        metrics=list(space.metrics),
        attempts=options.attempts,
        timeout_seconds=options.timeout_seconds,
        kernel_name=options.kernel_name,
        projects=names,
        code=as_one(code),
        code_parts=code,
    )
    points = [PointRecord(number=number, values=point) for number, point in enumerate(values, 1)]
    return PlannedSweep(record, points, file.read_text(encoding="utf-8-sig"))


def check_secrets(record: SweepRecord) -> None:
    """Refuse to run points in this environment while a secret of their notebooks is not set.

    Raises:
        UsageError: names each one that is missing.
    """
    require_secrets(spec for path in record.notebooks for spec in read_parameters(Path(path)).values())


def begin_sweep(planned: PlannedSweep) -> SweepFolder:
    """Record a sweep.

    Raises:
        SweepError: when there is one of that name, or the name is not valid for a folder.
        WorkspaceError: when the workspace cannot be written to.
    """
    record = planned.record
    workspace = Workspace(record.workspace)
    folder = SweepFolder.of(workspace.path, record.name)
    with workspace.lock("sweep", f"beginning the sweep {record.name}"):
        if folder.exists():
            points = folder.points()
            done = sum(point.is_done for point in points)
            raise SweepError(
                f"A new sweep needs a name of its own, but {record.name} is there already, {done} of "
                f"{len(points)} points done. Resume it: {folder.resume_command}; or give --name."
            )
        if folder.path.exists():
            raise SweepError(
                f"A new sweep needs a folder of its own, but {folder.path} holds other files and no sweep.json. Move "
                "it away, or give --name."
            )
        _write(planned, folder)
    return folder


def _write(planned: PlannedSweep, folder: SweepFolder) -> None:
    """Write all that is known about a sweep under a temporary name and rename it: a sweep is never half there."""
    sweeps, name = folder.path.parent, folder.path.name
    sweeps.mkdir(parents=True, exist_ok=True)
    for left in sweeps.glob(f".{name}.*"):  # left by one that was killed
        shutil.rmtree(left, ignore_errors=True)
    unfinished = SweepFolder(Path(tempfile.mkdtemp(dir=sweeps, prefix=f".{name}.")))
    try:
        for point in planned.points:
            save_point(unfinished.point(point.number), point)
        write_atomically(unfinished.path / "sweep.yml", planned.text)
        unfinished.save(planned.record)
        unfinished.path.chmod(0o755)
        unfinished.path.rename(folder.path)
    except BaseException:
        shutil.rmtree(unfinished.path, ignore_errors=True)
        raise


def _with_fixed(space: SpaceFile, fixed: dict[str, Value], file: Path) -> SpaceFile:
    """Return the space with the command's parameters, which must not be swept: the file has already been checked."""
    if both := [name for name in space.swept if name in fixed]:
        values = ", ".join(f"{name} {fixed[name]}" for name in both)
        raise SweepError(
            f"{file} must not sweep what the command sets for all points, but does so with {values}. Leave the option "
            "out, --project for project_name, or take the parameter out of the file."
        )
    return space.model_copy(update={"fixed": {**space.fixed, **fixed}})


def _projects(notebooks: Sequence[Path], points: Sequence[dict[str, Value]]) -> list[str]:
    """Return the projects that the points run with, several if project_name is swept."""
    plan = plan_chain(notebooks, points[0])
    defaults = [one.specs["project_name"].default for one in plan if "project_name" in one.specs]
    return sorted({str(point.get("project_name", default)) for default in defaults for point in points})


def _logarithmic(space: SpaceFile) -> list[str]:
    return [name for name, values in space.parameters.items() if isinstance(values, Range) and values.log]
