"""What the users of an experiment clicked: the monitor's prediction log joined with the labels that have arrived."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kit.canary.judge import Clicks
from kit.errors import ProjectError
from kit.monitoring.join import JoinedDay, join
from kit.monitoring.log import TIME, TIMESTAMP, Labels, PredictionLog
from kit.project import Project
from kit.release.signatures import column_of
from kit.serving.experiments.experiment import Experiment
from kit.serving.experiments.split import CANDIDATE, CONTROL, GROUPS, Split
from kit.workspace import Workspace

Truth: TypeAlias = Callable[[PredictionLog, JoinedDay], NDArray[np.float64]]
"""Returns the labels of a day as the model means them, such as `kit.monitoring.truth.LabelReader.read`."""


def clicks(
    workspace: Workspace, project: Project, experiment: Experiment, as_of: dt.datetime, truth: Truth
) -> Clicks:
    """Count clicks and impressions until a time, by arm and group.

    A row counts when the version of its user's own arm answered it after the start: whoever asked for a version by name
    is not part of the experiment.

    Args:
        workspace: the workspace with the log and the labels.
        project: the project that they belong to.
        experiment: the experiment that is judged.
        as_of: the time to judge at; labels that arrived later are ignored.
        truth: the reader of labels.

    Raises:
        ProjectError: when no column of the log has the users, or no keys are known.
    """
    unit = _unit(project, experiment)
    log, labels = PredictionLog(workspace, project), Labels(workspace, project)
    days = [day for day in log.table.days() if day >= experiment.since.date()]
    window = dt.timedelta(days=project.spec.monitoring.label_window_days)
    found = Clicks(np.zeros((2, GROUPS)), np.zeros((2, GROUPS)))
    places = _Places(experiment)
    for day in join(log, labels, days, window, as_of).days:
        if not day.labelled:
            continue
        batches = list(log.table.batches(day.day, [unit, TIME]))
        rows = pa.Table.from_batches(batches).take(pa.array(day.rows))
        after = pc.greater_equal(rows.column(TIME), pa.scalar(experiment.since, TIMESTAMP)).to_numpy()
        arms, groups = places.of(rows.column(unit))
        counted = after & (day.versions == places.versions[arms])
        np.add.at(found.shown, (arms[counted], groups[counted]), 1.0)
        np.add.at(found.clicks, (arms[counted], groups[counted]), truth(log, day)[counted])
    return found


class _Places:
    """The users' places in the split, each computed once."""

    def __init__(self, experiment: Experiment) -> None:
        self._split = Split(experiment.name, experiment.settings.share)
        self.versions = np.zeros(2, np.int64)
        self.versions[CONTROL], self.versions[CANDIDATE] = experiment.control, experiment.candidate

    def of(self, users: pa.ChunkedArray) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return arms and groups; a missing user gets those of the empty id, whose requests count as nobody's."""
        encoded = users.cast(pa.string()).fill_null("").combine_chunks().dictionary_encode()
        known = np.array(
            [self._split.place(user.encode()) for user in encoded.dictionary.to_pylist()], np.int64
        )
        arms, groups = known[encoded.indices.to_numpy(zero_copy_only=False)].T
        return arms, groups


def _unit(project: Project, experiment: Experiment) -> str:
    """Return the column with the users' ids."""
    project.make_importable()
    name = column_of(project).get(experiment.settings.unit, experiment.settings.unit)
    if name not in project.columns:
        raise ProjectError(
            f"{project.folder / 'project.yml'}: clicks are counted by the users of experiment.unit, but "
            f"{experiment.settings.unit!r} is not a column. Name one of {', '.join(project.columns)}."
        )
    return name
