from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kit.batch.record import NotebookRecord, RunRecord, StepRow, new_record
from kit.errors import ExitCode
from kit.record import MEDIA_TYPE
from kit.sweep import metrics
from kit.sweep.metrics import collect
from kit.sweep.space_file import Metric

if TYPE_CHECKING:
    from kit.session import Session

LOSS, AUC, ROM = Metric(name="loss"), Metric(name="auc"), Metric(name="auc", slice={"city": "Rom"})
MEASURED = [
    {"slice": "all rows", "columns": {}, "values": {"auc": 0.7, "empty": float("nan")}},
    {"slice": "city=Rom", "columns": {"city": "Rom"}, "values": {"auc": 0.6}},
]


@pytest.fixture
def run(tmp_path: Path) -> RunRecord:
    """A run whose notebook has recorded a loss, and in which Evaluator ran."""
    folder = tmp_path / "runs" / "r1"
    folder.mkdir(parents=True)
    output = {"data": {MEDIA_TYPE: {"name": "loss", "data": 0.25}}}
    (folder / "fit.ipynb").write_text(json.dumps({"cells": [{"outputs": [output]}]}))
    notebook = NotebookRecord(name="fit", path="fit.ipynb", parameters={}, executed="fit.ipynb")
    record = new_record("r1", "shop", tmp_path, [notebook])
    record.steps = [StepRow(notebook="fit", step="Evaluator", state="done", seconds=1.0)]
    record.exit_code = int(ExitCode.DONE)
    return record


def test_a_value_comes_from_the_notebook_or_from_evaluator(
    run: RunRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "_evaluated", lambda *_: MEASURED)
    run.ended = run.started + dt.timedelta(seconds=9)
    found = collect([LOSS, AUC, ROM, Metric(name="seconds")], [run], tmp_path / "log")
    assert not found.problem
    assert {name: found.values[name] for name in ("loss", "auc", "auc[city=Rom]")} == {
        "loss": 0.25,
        "auc": 0.7,
        "auc[city=Rom]": 0.6,
    }
    assert found.values["seconds"] == 9


def test_the_seconds_are_those_of_all_attempts(run: RunRecord, tmp_path: Path) -> None:
    """The last attempt takes from the cache what the others made, and would be the quickest of all points."""
    run.ended = run.started + dt.timedelta(seconds=9)
    ended = run.model_copy(update={"run_id": "r0", "ended": run.started + dt.timedelta(seconds=50)})
    killed = run.model_copy(update={"run_id": "r00", "state": "killed", "ended": None})
    for one in (run, ended, killed):
        (tmp_path / "runs" / one.run_id).mkdir(exist_ok=True)
        one.save(tmp_path / "runs" / one.run_id)
    assert collect([Metric(name="seconds")], [run], tmp_path / "log").values == {"seconds": 9 + 50 + 1.0}


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        (
            Metric(name="acu"),
            "must have the metric acu, but its run has none. Did you mean auc? It has auc, empty, loss",
        ),
        (Metric(name="empty"), "must have the metric empty, but its run has none"),
        (
            Metric(name="auc", slice={"city": "Bonn"}),
            "that slice was not evaluated. Slices are all rows, city=Rom",
        ),
    ],
)
def test_a_value_that_is_not_there_is_told_with_those_that_are(
    run: RunRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, metric: Metric, expected: str
) -> None:
    monkeypatch.setattr(metrics, "_evaluated", lambda *_: MEASURED)
    found = collect([LOSS, metric], [run], tmp_path / "log")
    assert found.values == {"loss": 0.25}
    assert expected in found.problem


def test_the_evaluation_of_an_earlier_run_is_not_taken(run: RunRecord, tmp_path: Path) -> None:
    run.steps = []
    found = collect([AUC], [run], tmp_path / "log")
    assert "must have the metric auc, but its run has none" in found.problem


def test_what_evaluator_measured_is_read(blessed: Session, run: RunRecord, tmp_path: Path) -> None:
    """In a process of its own, as at every point."""
    run.workspace, run.project = str(blessed.workspace.path), str(blessed.project.folder)
    run.notebooks = []
    found = collect([AUC, ROM, Metric(name="auk")], [run], tmp_path / "log")
    assert 0.6 < found.values["auc"] < 1
    assert found.values["auc[city=Rom]"] != found.values["auc"]
    assert "Did you mean auc?" in found.problem
