"""A schedule: which notebooks run when, with which parameters, and what happens to missed and overlapping runs.

workspace/schedules/<name>/schedule.yml    what was asked for; may be edited
workspace/schedules/<name>/runs.json       what became of it (see `kit.schedule.journal`)
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Literal, Self
from zoneinfo import ZoneInfo

import yaml
from pydantic import Field, ValidationError, field_validator

from kit.batch.parameters import Value
from kit.project_section import Section, said_of, written
from kit.schedule.errors import ScheduleError
from kit.schedule.times import check_expression, due_between, due_times
from kit.strict_yaml import read_yaml
from kit.workspace import Workspace, path_below, write_atomically

FILE = "schedule.yml"
# Also a Kubernetes name, of whose 63 characters a CronJob's jobs need 11.
NAME = r"^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$"
DATE = "{date}"
WORKSPACE = "{workspace}"

CatchUp = Literal["none", "latest", "all"]
Overlap = Literal["skip", "queue", "replace"]


class Schedule(Section):
    """One schedule of a workspace.

    In its file, notebooks and the project may be paths that begin with `{workspace}`: containers and other machines
    have the workspace elsewhere.

    Attributes:
        catch_up: which times to catch up on, of those missed while nothing looked: none, the latest or all.
        overlap: what to do when a time is due during the run before: skip it, let it wait, or end the run before.
        late_minutes: the minutes that a run may begin late without counting as missed.
        parameters: the parameters of the notebooks; `{date}` in a text is the day for which a run is due, in the time
            zone.
        created: the time before which nothing is due.
    """

    name: str
    cron: str
    time_zone: str = "UTC"
    project: str | None = None
    notebooks: tuple[str, ...] = ()
    parameters: dict[str, Value] = Field(default_factory=dict)
    catch_up: CatchUp = "latest"
    overlap: Overlap = "skip"
    late_minutes: int = Field(default=10, ge=1, le=1440)
    created: dt.datetime

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        how = "a name has at most 40 lowercase letters, digits and -, a letter first and no - last"
        return written(value, NAME, how)

    @field_validator("cron")
    @classmethod
    def _cron(cls, value: str) -> str:
        return check_expression(value)

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError(
                f"a time zone is a name such as Europe/Berlin or UTC, but found {value!r}"
            ) from None
        return value

    @field_validator("created")
    @classmethod
    def _aware(cls, value: dt.datetime) -> dt.datetime:
        return value if value.tzinfo else value.replace(tzinfo=dt.UTC)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def with_places(self, change: Callable[[str], str]) -> Self:
        """Return the schedule with other paths of its notebooks and its project."""
        project = change(self.project) if self.project else self.project
        return self.model_copy(update={"project": project, "notebooks": tuple(map(change, self.notebooks))})

    def next_times(self, after: dt.datetime, count: int = 5) -> list[dt.datetime]:
        """Return the next times that are due after a moment; none is before the schedule was made."""
        return list(islice(due_times(self.cron, self.zone, max(after, self.created)), count))

    def due(self, after: dt.datetime, until: dt.datetime) -> Iterator[dt.datetime]:
        return due_between(self.cron, self.zone, after, until)

    def given(self, due: dt.datetime) -> dict[str, Value]:
        """Return the parameters of the run that is due at a time."""
        day = f"{due.astimezone(self.zone):%Y-%m-%d}"
        values = {
            name: value.replace(DATE, day) if isinstance(value, str) else value
            for name, value in self.parameters.items()
        }
        return {**values, "project_name": self.project} if self.project else values


def folder_of(workspace: Path, name: str) -> Path:
    return workspace / "schedules" / name


def make(**said: object) -> Schedule:
    """Return a checked schedule.

    Raises:
        ScheduleError: when a part of it is not valid.
    """
    try:
        return Schedule.model_validate(said)
    except ValidationError as error:
        raise _wrong("A schedule", error, "Correct that and run the same command again") from None


def save(workspace: Path, schedule: Schedule) -> Path:
    """Write a schedule into a workspace, over one of the same name; return its file.

    Raises:
        WorkspaceError: when the workspace cannot be written to.
    """
    file = folder_of(Workspace(workspace).path, schedule.name) / FILE
    portable = schedule.with_places(lambda place: _portable(place, workspace))
    content = portable.model_dump(mode="json", exclude_defaults=True)
    write_atomically(file, yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
    return file


def _portable(place: str, workspace: Path) -> str:
    there = path_below(Path(place), workspace, WORKSPACE) if Path(place).is_absolute() else None
    return there or place


def names(workspace: Path) -> list[str]:
    return sorted(path.parent.name for path in (workspace / "schedules").glob(f"*/{FILE}"))


def require(workspace: Path, name: str) -> None:
    """Refuse a name that no schedule of a workspace has.

    Raises:
        ScheduleError: lists those that exist.
    """
    if name not in names(workspace):
        known = ", ".join(names(workspace)) or "none"
        raise ScheduleError(
            f"A schedule of {workspace} must be named, but it has none with the name {name!r}; it has {known}. "
            "`kit schedule new` makes one."
        )


def load(workspace: Path, name: str) -> Schedule:
    """Read a schedule of a workspace, with the paths that it has here.

    Raises:
        ScheduleError: when there is none of that name, or its file is not valid.
    """
    prefix = f"{WORKSPACE}/"
    return as_written(workspace, name).with_places(
        lambda place: str(workspace / place.removeprefix(prefix)) if place.startswith(prefix) else place
    )


def as_written(workspace: Path, name: str) -> Schedule:
    """Read a schedule of a workspace as it is in its file, with `{workspace}`.

    Raises:
        ScheduleError: when there is none of that name, or its file is not valid.
    """
    require(workspace, name)
    file = folder_of(workspace, name) / FILE
    try:
        schedule = Schedule.model_validate(read_yaml(file, ScheduleError).content)
    except ValidationError as error:
        raise _wrong(str(file), error, "Correct the file") from None
    if schedule.name != name:  # a copied file: a scheduler would tick the original instead
        raise ScheduleError(
            f"{file}: name must be the folder's name {name!r}, but is {schedule.name!r}. Rename one of them."
        )
    return schedule


def _wrong(what: str, error: ValidationError, way_out: str) -> ScheduleError:
    problems = "; ".join(
        f"{'.'.join(map(str, one['loc'])) or 'it'}: {said_of(one)}" for one in error.errors()
    )
    return ScheduleError(f"{what} must be valid, but found {problems}. {way_out}.")
