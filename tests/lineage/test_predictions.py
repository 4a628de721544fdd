"""The predictions of a version are counted, in each log that has them, and of no other version."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pyarrow as pa
import pytest

from kit.errors import InputDataError
from kit.lineage.predictions import Predictions, count_predictions
from kit.monitoring.day_table import DayTable
from kit.monitoring.log import TIME, TIMESTAMP, VERSION
from kit.workspace import Workspace

SHOP = "shop"


def at(day: int, hour: int) -> dt.datetime:
    return dt.datetime(2026, 1, day, hour, tzinfo=dt.UTC)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Rows of two versions on two days, and a gateway that passed requests on and refused some."""
    made = Workspace(tmp_path / "ws")
    table = DayTable(made.path / "predictions" / SHOP, pa.schema([(TIME, TIMESTAMP), (VERSION, pa.int64())]))
    for day, versions in ((1, [7, 7, 7]), (2, [7, 8, 8]), (2, [8, 7, 7])):
        times = pa.array([at(day, 10 + hour) for hour in range(3)], TIMESTAMP)
        table.write(dt.date(2026, 1, day), pa.table({TIME: times, VERSION: pa.array(versions, pa.int64())}))
    lines = [line(1, "7", 200), line(2, "8", 200), line(3, "7", 200), line(4, "7", 503), line(5, None, 401)]
    log = made.path / "gateway" / SHOP / "access.log"
    log.parent.mkdir(parents=True)
    log.write_text("".join(lines))
    return made


def line(hour: int, version: str | None, status: int) -> str:
    entry = {
        "time": f"2026-01-03T0{hour}:00:00Z", "subject": "eve", "client": "127.0.0.1", "route": "predict",
        "version": version, "version_trailer": None, "status": status, "grpc_status": None, "milliseconds": 3,
        "details": "via_upstream", "request_id": f"abc-{hour}",
    }  # fmt: skip
    return json.dumps(entry) + "\n"


def test_each_log_is_counted_for_itself(workspace: Workspace) -> None:
    gateway, rows = count_predictions(workspace, [(SHOP, 7)])
    assert gateway == Predictions(SHOP, 7, "gateway", 2, at(3, 1), at(3, 3))
    assert rows == Predictions(SHOP, 7, "monitoring", 6, at(1, 10), at(2, 12))


def test_versions_are_kept_apart_and_one_that_never_answered_has_none(workspace: Workspace) -> None:
    found = count_predictions(workspace, [(SHOP, 9), (SHOP, 8), (SHOP, 7), ("other", 7)])
    assert [(one.version, one.log, one.count) for one in found] == [
        (7, "gateway", 2),
        (7, "monitoring", 6),
        (8, "gateway", 1),
        (8, "monitoring", 3),
    ]
    assert count_predictions(workspace, []) == ()


def test_a_part_that_cannot_be_read_is_named(workspace: Workspace) -> None:
    broken = workspace.path / "predictions" / SHOP / "2026-01-02" / "0.parquet"
    broken.write_bytes(b"no parquet")
    with pytest.raises(InputDataError, match=str(broken)):
        count_predictions(workspace, [(SHOP, 7)])
