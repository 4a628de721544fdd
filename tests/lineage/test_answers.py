"""A request is found in whichever log has it, with the version that answered."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from kit.lineage.answers import answers_to, latest_request
from kit.monitoring.log import PredictionLog
from kit.project import Project
from kit.workspace import Workspace

VERSION = 1_700_000_000
TIME = dt.datetime(2026, 1, 7, 12, 30, tzinfo=dt.UTC)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "ws")


def _log_rows(workspace: Workspace, ids: list[str], time: dt.datetime, version: int) -> None:
    project = Project.load("recommender")
    log = PredictionLog(workspace, project)
    columns = {
        name: pa.nulls(len(ids), log.table.schema.field(name).type)
        for name in log.request_columns
        if name != "request_id"
    }
    rows = pa.table({"request_id": pa.array(ids), **columns}).select(log.request_columns)
    times = pa.array([time] * len(ids), pa.timestamp("us", tz="UTC"))
    log.append(rows, times, version, pa.array(np.linspace(0.1, 0.2, len(ids), dtype=np.float32)))


def test_all_rows_of_a_request_are_its_answers(workspace: Workspace) -> None:
    _log_rows(workspace, ["r1", "r2/0", "r2/1", "r20"], TIME, VERSION)
    found = answers_to(workspace, "r2")
    assert [(one.project, one.version, one.time, one.log) for one in found] == [
        ("recommender", VERSION, TIME, "monitoring")
    ] * 2
    assert found[0].said != found[1].said
    assert answers_to(workspace, "r") == []


def test_the_latest_request_is_one_of_the_newest_day(workspace: Workspace) -> None:
    project = Project.load("recommender")
    assert latest_request(workspace, project) == ""
    _log_rows(workspace, ["new/3"], TIME, VERSION)
    _log_rows(workspace, ["old"], TIME - dt.timedelta(days=1), VERSION)
    assert latest_request(workspace, project) == "new"


def test_what_monitoring_has_not_taken_over_is_found_in_the_logs_of_servers(workspace: Workspace) -> None:
    log = prediction_log_pb2.PredictionLog()
    log.log_metadata.request_origin = "fresh-1"
    log.log_metadata.timestamp_secs = int(TIME.timestamp())
    log.log_metadata.model_spec.name = "recommender"
    log.log_metadata.model_spec.version.value = VERSION
    path = workspace.path / "served" / "predictions-recommender-1.tfrecord"
    path.parent.mkdir()
    with tf.io.TFRecordWriter(str(path)) as file:
        file.write(log.SerializeToString())
    [found] = answers_to(workspace, "fresh-1")
    assert (found.project, found.version, found.time, found.log) == ("recommender", VERSION, TIME, "server")
    assert str(found) == f"2026-01-07 12:30:00 UTC recommender, version {VERSION} (server)"
    assert answers_to(workspace, "fresh") == []


def test_rows_of_a_project_that_is_gone_are_no_error(workspace: Workspace) -> None:
    (workspace.path / "predictions" / "gone").mkdir(parents=True)
    assert answers_to(workspace, "r1") == []
