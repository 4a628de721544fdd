"""The prediction log and the labels that arrive later: the tables that servers write and monitoring reads.

workspace/predictions/<project>/<YYYY-MM-DD>/<part>.parquet
    the columns of the request as they came, without the label, and
    prediction_time      when it was answered, UTC; its day is the folder
    prediction_version   of the model that answered
    prediction_score     what it answered: a number, or for several classes a list of probabilities

workspace/labels/<project>/<YYYY-MM-DD>/<part>.parquet
    the columns that tell one predicted row from all others (`monitoring.keys`), the label as the data have it, and
    label_time           when it arrived, UTC; its day is the folder
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kit.data.casting import ARROW_TYPES
from kit.errors import ProjectError, UsageError
from kit.monitoring.day_table import DayTable
from kit.project import Project
from kit.workspace import Workspace
from kit.workspace_folders import LABELS, PREDICTIONS

TIME, VERSION, SCORE = "prediction_time", "prediction_version", "prediction_score"
LABEL_TIME = "label_time"
OWN_COLUMNS = (TIME, VERSION, SCORE)
TIMESTAMP = pa.timestamp("us", tz="UTC")


class PredictionLog:
    """What the models of a project were asked, and what they answered.

    Raises:
        ProjectError: when a column of the project has a name that the log needs for itself.
    """

    def __init__(self, workspace: Workspace, project: Project) -> None:
        fields = [
            (name, ARROW_TYPES[column.dtype])
            for name, column in project.columns.items()
            if name not in project.not_requested
        ]
        _check_free(project, (*OWN_COLUMNS, LABEL_TIME))
        score = pa.list_(pa.float32()) if project.spec.task == "multiclass" else pa.float32()
        own = [(TIME, TIMESTAMP), (VERSION, pa.int64()), (SCORE, score)]
        self.request_columns = [name for name, _ in fields]
        self.table = DayTable(_folder(workspace, PREDICTIONS, project), pa.schema([*fields, *own]))

    def append(
        self, requests: pa.Table, times: pa.Array, version: int, scores: pa.Array, name: str = ""
    ) -> int:
        """Write one flush; return the number of new rows.

        Args:
            requests: rows with the columns of a request; others are left out.
            times: when each was answered, UTC.
            version: the version of the model that answered.
            scores: float32 [rows], or lists of float32.
            name: the name of the parts; "": new ones. Parts that are there already are left as they are.
        """
        versions = pa.array(np.full(requests.num_rows, version, np.int64))
        rows = requests.select(self.request_columns)
        for column, values in zip(OWN_COLUMNS, (times, versions, scores), strict=True):
            rows = rows.append_column(column, values)
        return write_by_day(self.table, rows, TIME, name)

    def append_served(self, rows: pa.Table, name: str) -> int:
        """Write rows as a server answered them; return the number of new rows.

        Args:
            rows: the rows with time, version and score, and those columns of a request that the signature takes.
            name: the name of the parts.
        """
        return write_by_day(self.table, rows, TIME, name)


class Labels:
    """The labels that arrived for the predictions of a project.

    Raises:
        ProjectError: when a key is not a column of a request, or there is none.
    """

    def __init__(self, workspace: Workspace, project: Project) -> None:
        self.keys, self.label = keys_of(project), project.label
        names = [*self.keys, project.label]
        fields = [(name, ARROW_TYPES[project.columns[name].dtype]) for name in names]
        schema = pa.schema([*fields, (LABEL_TIME, TIMESTAMP)])
        self.table = DayTable(_folder(workspace, LABELS, project), schema)

    def append(self, rows: pa.Table, times: pa.Array, name: str = "") -> int:
        """Write labels that have arrived; return the number of new rows.

        Args:
            rows: the rows with the keys and the label.
            times: when each arrived, UTC.
            name: the name of the parts; "": new ones.
        """
        table = rows.select([*self.keys, self.label]).append_column(LABEL_TIME, times)
        return write_by_day(self.table, table, LABEL_TIME, name)


@dataclass(frozen=True)
class JudgedDays:
    """Which days of the log are judged, and from when.

    Attributes:
        days: the days that have rows, oldest first.
        as_of: the time to judge at; what arrived later is not known yet.
    """

    days: tuple[dt.date, ...]
    as_of: dt.datetime


def judged_days(workspace: Workspace, project: Project, most: int, as_of: str = "") -> JudgedDays:
    """Return the newest days of the log that have rows.

    Args:
        workspace: the workspace with the log.
        project: the project whose log it is.
        most: the most days to return.
        as_of: time to judge at, ISO 8601, UTC unless it says otherwise; a date means its end. Empty: the end of the
            newest day on which a prediction was made or a label arrived, so that the same log is judged alike at any
            time.

    Raises:
        UsageError: when `as_of` is not a time, or `most` is below 1.
    """
    if most < 1:
        raise UsageError(f"The number of days to judge must be 1 or more, but is {most}. Give for example 7.")
    days = PredictionLog(workspace, project).table.days()
    arrivals = Labels(workspace, project).table.days() if has_keys(project) else []
    moment = _moment(as_of) if as_of.strip() else _end(max([*days, *arrivals], default=dt.date(1970, 1, 1)))
    return JudgedDays(tuple([day for day in days if _start(day) < moment][-most:]), moment)


def _moment(text: str) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(
            f"as_of must be a time such as 2026-01-09T12:00 or 2026-01-09, but is {text!r}. Correct it, or leave it "
            "empty."
        ) from None
    if re.fullmatch(r"\d{4}-?\d{2}-?\d{2}", text.strip()) and moment.date() < dt.date.max:
        return _end(moment.date())
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _start(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)


def _end(day: dt.date) -> dt.datetime:
    return _start(day) + dt.timedelta(days=1)


def keys_of(project: Project) -> tuple[str, ...]:
    """Return the columns that identify a predicted row.

    Raises:
        ProjectError: when one is not a column of a request, or there is none.
    """
    named = project.spec.monitoring.keys
    keys = named or tuple(name for name, column in project.columns.items() if column.kind == "key")
    requested = [name for name in project.columns if name not in project.not_requested]
    file = project.folder / "project.yml"
    if unknown := [name for name in keys if name not in requested]:
        raise ProjectError(
            f"{file}: monitoring.keys must be columns of a request, but {', '.join(unknown)} is not. "
            f"Choose from {', '.join(requested)}."
        )
    if not keys:
        raise ProjectError(
            f"{file}: labels find their predictions by keys, but monitoring.keys names none and no column has the kind "
            "key. Name the columns that together tell one row from all others."
        )
    return keys


def has_keys(project: Project) -> bool:
    """Return whether labels can find their predictions at all."""
    return bool(project.spec.monitoring.keys) or any(c.kind == "key" for c in project.columns.values())


def write_by_day(table: DayTable, rows: pa.Table, time: str, name: str) -> int:
    """Write rows into the days of their times; return the number of new rows."""
    days = pc.floor_temporal(rows.column(time), unit="day")
    written = 0
    for day in pc.unique(days).to_pylist():
        of_day = rows.filter(pc.equal(days, pa.scalar(day, TIMESTAMP)))
        written += of_day.num_rows if table.write(day.date(), of_day, name) else 0
    return written


def days_of(times: pa.Array) -> Iterator[dt.date]:
    """Yield the days, in UTC, of some times."""
    for day in pc.unique(pc.floor_temporal(times, unit="day")).to_pylist():
        yield day.date()


def _folder(workspace: Workspace, kind: str, project: Project) -> Path:
    return workspace.path / kind / project.name


def _check_free(project: Project, own: tuple[str, ...]) -> None:
    if taken := [name for name in own if name in project.columns]:
        raise ProjectError(
            f"{project.folder / 'project.yml'}: the prediction log has columns {', '.join(own)} of its own, but the "
            f"project has {', '.join(taken)} as well. Give that column another name in the data."
        )
