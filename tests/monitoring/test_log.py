"""What the log and the labels hold, by which keys they meet, and which days are judged."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from valid_projects import altered

from kit.errors import ProjectError, UsageError
from kit.monitoring.config import Monitoring
from kit.monitoring.log import PredictionLog, has_keys, judged_days, keys_of
from kit.project import Project
from kit.project.file import Column
from kit.workspace import Workspace

from .logs import HOUR, NOON, Shop

ITEMS = [("r1", "i1"), ("r1", "i2"), ("r2", "i1")]


def changed(project: Project, **changes: object) -> Project:
    return altered(project, **changes)


def test_a_flush_goes_into_the_days_of_its_times(shop: Shop) -> None:
    assert shop.predict(ITEMS, [NOON, NOON + 11 * HOUR, NOON + 12 * HOUR]) == 3
    assert shop.log.table.days() == [dt.date(2026, 1, 7), dt.date(2026, 1, 8)]
    [first] = shop.log.table.batches(dt.date(2026, 1, 7))
    assert first.column("item_id").to_pylist() == ["i1", "i2"]
    assert first.column("prediction_version").to_pylist() == [1, 1]
    assert first.column("prediction_time").to_pylist() == [NOON, NOON + 11 * HOUR]


def test_the_log_has_the_columns_of_a_request_and_no_label(shop: Shop) -> None:
    assert "clicked" not in shop.log.table.schema.names
    assert {*shop.project.columns} - {"clicked"} < {*shop.log.table.schema.names}


def test_the_same_flush_is_there_once(shop: Shop) -> None:
    assert shop.predict(ITEMS, [NOON] * 3, name="span-7") == 3
    assert shop.predict(ITEMS, [NOON] * 3, name="span-7") == 0
    assert shop.predict(ITEMS, [NOON] * 3) == 3


def test_keys_are_those_of_project_yml_or_the_columns_of_kind_key(shop: Shop) -> None:
    assert keys_of(shop.project) == ("request_id", "item_id")
    assert keys_of(changed(shop.project, monitoring=Monitoring())) == ("request_id",)


@pytest.mark.parametrize("key", ["clicked", "nothing"])
def test_a_key_that_no_request_has_is_an_error(shop: Shop, key: str) -> None:
    with pytest.raises(ProjectError, match=f"must be columns of a request, but {key} is not. Choose from"):
        keys_of(changed(shop.project, monitoring=Monitoring(keys=(key,))))


def test_a_project_without_keys_says_what_to_do() -> None:
    taxi = Project.load("chicago_taxi")
    assert not has_keys(taxi)
    with pytest.raises(ProjectError, match=r"names none and no column has the kind key. Name the columns"):
        keys_of(taxi)


def test_a_column_with_a_name_of_the_logs_own_is_an_error(shop: Shop) -> None:
    columns = {**shop.project.spec.columns, "prediction_score": Column(kind="number")}
    with pytest.raises(ProjectError, match=r"has prediction_score as well. Give that column another name"):
        PredictionLog(shop.workspace, changed(shop.project, columns=columns))


def test_the_newest_days_with_rows_are_judged_from_the_end_of_what_is_known(shop: Shop) -> None:
    day = dt.timedelta(days=1)
    shop.predict(ITEMS, [NOON, NOON + day, NOON + 5 * day])
    judged = judged_days(shop.workspace, shop.project, 2)
    assert judged.days == (dt.date(2026, 1, 8), dt.date(2026, 1, 12))
    assert judged.as_of == dt.datetime(2026, 1, 13, tzinfo=dt.UTC)
    shop.click(ITEMS[:1], [1], [NOON + 9 * day])
    assert judged_days(shop.workspace, shop.project, 2).as_of == dt.datetime(2026, 1, 17, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("as_of", "days"),
    [
        ("2026-01-07", [7]),
        ("2026-01-08T00:00", [7]),
        ("2026-01-08T00:30+01:00", [7]),
        ("2026-01-08T00:01", [7, 8]),
        ("2026-01-06", []),
        ("9999-12-31", [7, 8]),  # the last day that Python knows, which ends beyond
    ],
)
def test_a_log_can_be_judged_as_of_an_earlier_time(shop: Shop, as_of: str, days: list[int]) -> None:
    shop.predict(ITEMS, [NOON, NOON + 24 * HOUR, NOON + 24 * HOUR])
    assert [day.day for day in judged_days(shop.workspace, shop.project, 7, as_of).days] == days


def test_an_empty_log_has_no_days(shop: Shop) -> None:
    assert judged_days(shop.workspace, shop.project, 7).days == ()


@pytest.mark.parametrize(("days", "as_of"), [(0, ""), (7, "yesterday")])
def test_what_is_no_time_or_no_number_of_days_is_an_error(tmp_path: Path, days: int, as_of: str) -> None:
    with pytest.raises(UsageError, match="must be"):
        judged_days(Workspace(tmp_path), Project.load("recommender"), days, as_of)
