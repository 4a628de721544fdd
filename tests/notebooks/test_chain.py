"""All notebooks as a batch, on the sample and on the taxi trips: from data to a pushed model, and again."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import NUMBERED, Ended, kit_run, runs, states, versions

from .executed import executed, outputs

pytestmark = [pytest.mark.slow, pytest.mark.notebook]

ALL_STEPS = (
    "ExampleGen",
    "StatisticsGen",
    "SchemaGen",
    "ExampleValidator",
    "Transform",
    "Trainer",
    "Evaluator",
    "BlindSpotFinder",
    "InfraValidator",
    "LiteRTConverter",
    "Pusher",
    "LogStatisticsGen",
)


def test_the_sample_goes_from_data_to_a_pushed_model(sample: tuple[Path, Ended]) -> None:
    workspace, ended = sample
    assert (ended.code, ended.errors) == (0, "")
    record = runs(workspace)[0]
    assert (record["state"], record["exit_code"]) == ("done", 0)
    assert states(record) == dict.fromkeys(ALL_STEPS, "done")
    for step in ALL_STEPS:  # a line of progress for each
        assert f"] {step}" in ended.output
    [version] = versions(workspace, "recommender")
    assert (workspace / "serving" / "recommender" / version / "saved_model.pb").is_file()


def test_a_run_leaves_executed_notebooks_and_a_report_that_needs_no_network(
    sample: tuple[Path, Ended],
) -> None:
    workspace, _ = sample
    folder = workspace / "runs" / runs(workspace)[0]["run_id"]
    assert sorted(path.stem for path in folder.glob("*.ipynb")) == [path.stem for path in NUMBERED]
    report = (folder / "report.html").read_text()
    assert "05_release" in report
    assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//[^"']+""", report)


def test_the_second_time_everything_comes_from_the_cache_and_nothing_is_pushed_again(
    sample: tuple[Path, Ended],
) -> None:
    workspace, _ = sample
    before = versions(workspace, "recommender")
    assert kit_run("--no-skip", workspace=workspace).code == 0
    assert states(runs(workspace)[-1]) == dict.fromkeys(ALL_STEPS, "cached")
    assert versions(workspace, "recommender") == before


def test_other_parameters_train_another_model_which_is_compared_with_the_first(
    sample: tuple[Path, Ended],
) -> None:
    workspace, _ = sample
    before = versions(workspace, "recommender")
    ended = kit_run("03_train", "04_evaluate", "05_release", "-p", "epochs", "5", workspace=workspace)
    assert ended.code == 0
    assert states(runs(workspace)[-1]) == dict.fromkeys(
        ("Trainer", "Evaluator", "BlindSpotFinder", "InfraValidator", "LiteRTConverter", "Pusher"), "done"
    )
    assert len(versions(workspace, "recommender")) == len(before) + 1
    assert "without a baseline yet" not in str(outputs(executed(workspace, "04_evaluate")))


def test_a_bad_day_stops_the_batch_and_names_every_fault(tmp_path: Path) -> None:
    workspace = tmp_path / "ws"
    ended = kit_run("-p", "eval_spans", "8", workspace=workspace)
    assert ended.code == 10
    said = ended.output + ended.errors
    for column in ("age", "device", "region", "price"):
        assert column in said
    assert runs(workspace)[0]["failure"]["error"] == "DataAnomalyError"
    assert [n["state"] for n in runs(workspace)[0]["notebooks"]] == ["done", "failed"] + ["pending"] * (
        len(NUMBERED) - 2
    )


def test_a_model_that_misses_a_gate_is_not_pushed(
    sample: tuple[Path, Ended], copy_of_recommender: Callable[[str, str, str], Path]
) -> None:
    workspace, _ = sample
    strict = copy_of_recommender("strict", "{metric: auc, min: 0.75}", "{metric: auc, min: 0.99}")
    ended = kit_run("-P", strict, "-p", "epochs", "1", workspace=workspace)
    assert ended.code == 12
    assert "0.99" in ended.output + ended.errors
    assert runs(workspace)[-1]["failure"]["notebook"] == "04_evaluate"
    assert kit_run("05_release", "-P", strict, workspace=workspace).code == 12
    assert versions(workspace, "strict") == []


def test_the_taxi_trips_go_the_same_way(tmp_path: Path) -> None:
    workspace = tmp_path / "ws"
    ended = kit_run("-P", "chicago_taxi", workspace=workspace)
    assert (ended.code, ended.errors) == (0, "")
    assert len(versions(workspace, "chicago_taxi")) == 1
    shown = str(outputs(executed(workspace, "04_evaluate")))
    assert "15,002" in shown or "15002" in shown


def test_no_execution_is_left_running(sample: tuple[Path, Ended]) -> None:
    workspace, _ = sample
    with sqlite3.connect(workspace / "metadata.sqlite") as store:
        found = {state for (state,) in store.execute("SELECT DISTINCT last_known_state FROM Execution")}
    store.close()
    running = 2  # Execution.State.RUNNING
    assert running not in found
