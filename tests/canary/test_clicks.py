"""Clicks by arm and group, from a log and labels, on rows that are given."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from monitoring.logs import Shop

from kit.canary.clicks import clicks
from kit.errors import ProjectError
from kit.monitoring.join import JoinedDay
from kit.monitoring.log import TIMESTAMP, PredictionLog
from kit.serving.experiments.config import ExperimentSettings
from kit.serving.experiments.experiment import Experiment
from kit.serving.experiments.split import Split

NOON = dt.datetime(2026, 1, 7, 12, tzinfo=dt.UTC)
USERS = [f"u{number}" for number in range(50)]
EXPERIMENT = Experiment(
    name="a",
    model="recommender",
    control=1,
    candidate=2,
    started=NOON.isoformat(),
    settings=ExperimentSettings(share=0.5),
)


def truth(_log: PredictionLog, day: JoinedDay) -> np.ndarray:
    return np.asarray(day.labels.to_numpy(zero_copy_only=False), np.float64)


class Rows(Shop):
    """Predictions and labels of the recommender in a workspace, a row a user."""

    def add(self, request: str, versions: list[int], when: dt.datetime) -> None:
        """Log a row of each user, answered by a version; every third is clicked an hour later."""
        columns = {field.name: pa.nulls(len(USERS), field.type) for field in self.log.table.schema}
        columns |= {
            "user_id": pa.array(USERS),
            "item_id": pa.array(USERS),
            "request_id": pa.array([request] * 50),
        }
        for version in set(versions):
            mine = pa.array([one == version for one in versions])
            table = pa.table(columns).filter(mine)
            times, scores = (
                pa.array([when] * table.num_rows, TIMESTAMP),
                pa.array(np.zeros(table.num_rows), pa.float32()),
            )
            self.log.append(table, times, version, scores)
        clicked = pa.array([int(number % 3 == 0) for number in range(50)], pa.int64())
        rows = pa.table({"request_id": [request] * 50, "item_id": USERS, "clicked": clicked})
        self.labels.append(rows, pa.array([when + dt.timedelta(hours=1)] * 50, TIMESTAMP))


@pytest.fixture
def rows(tmp_path: Path) -> Rows:
    return Rows(tmp_path / "ws")


def own_versions() -> list[int]:
    split = Split("a", 0.5)
    return [(1, 2)[split.place(user.encode()).arm] for user in USERS]


def test_rows_count_for_the_arm_and_group_of_their_user(rows: Rows) -> None:
    rows.add("r1", own_versions(), NOON + dt.timedelta(hours=1))
    found = clicks(rows.workspace, rows.project, EXPERIMENT, NOON + dt.timedelta(days=1), truth)
    expected = np.zeros((2, 2, 1024))
    for number, user in enumerate(USERS):
        arm, group = Split("a", 0.5).place(user.encode())
        expected[:, arm, group] += (1, number % 3 == 0)
    assert (found.shown == expected[0]).all()
    assert (found.clicks == expected[1]).all()


def test_rows_of_before_of_another_version_and_without_a_label_yet_are_left_out(rows: Rows) -> None:
    rows.add("r1", own_versions(), NOON - dt.timedelta(seconds=1))
    rows.add("r2", [3 - version for version in own_versions()], NOON + dt.timedelta(hours=1))
    rows.add("r3", [7] * 50, NOON + dt.timedelta(hours=1))
    rows.add("r4", own_versions(), NOON + dt.timedelta(hours=5))
    found = clicks(rows.workspace, rows.project, EXPERIMENT, NOON + dt.timedelta(hours=5), truth)
    assert found.shown.sum() == 0
    later = clicks(rows.workspace, rows.project, EXPERIMENT, NOON + dt.timedelta(hours=7), truth)
    assert (later.shown.sum(), later.clicks.sum()) == (50, 17)


def test_users_that_are_in_no_column_are_told(rows: Rows) -> None:
    settings = ExperimentSettings(unit="visitor")
    experiment = Experiment(
        name="a", model="recommender", control=1, candidate=2, started=NOON.isoformat(), settings=settings
    )
    with pytest.raises(ProjectError, match=r"'visitor' is not a column\. Name one of request_id"):
        clicks(rows.workspace, rows.project, experiment, NOON, truth)
