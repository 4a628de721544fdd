"""07_monitor as a batch: nothing logged, a day like those of the training, the same again, and a bad day."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from commands import Ended, kit_run, runs, states

from kit.alerts.store import Store
from kit.workspace import Workspace

from .executed import said

pytestmark = [pytest.mark.slow, pytest.mark.notebook]


@pytest.fixture(scope="module")
def workspace(sample: tuple[Path, Ended], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the workspace in which the chain ran."""
    return Path(shutil.copytree(sample[0], tmp_path_factory.mktemp("monitor") / "ws"))


def parts(workspace: Path) -> dict[str, int]:
    return {
        str(path.relative_to(workspace)): path.stat().st_size
        for kind in ("predictions", "labels")
        for path in (workspace / kind).rglob("*.parquet")
    }


def test_with_an_empty_log_there_is_nothing_to_judge(workspace: Path) -> None:
    ended = kit_run("07_monitor", workspace=workspace)
    assert (ended.code, ended.errors) == (0, "")
    assert "The log is empty: there is nothing to judge, and no reason to retrain." in said(
        workspace, "07_monitor"
    )


def test_a_day_like_those_of_the_training_keeps_the_model_and_a_second_run_adds_nothing(
    workspace: Path,
) -> None:
    assert kit_run("07_monitor", "-p", "traffic_spans", "7", workspace=workspace).code == 0
    assert "The model stays: none of 4 rules asks for another one." in said(workspace, "07_monitor")
    before = parts(workspace)
    assert kit_run("07_monitor", "-p", "traffic_spans", "7", workspace=workspace).code == 0
    assert parts(workspace) == before
    assert states(runs(workspace)[-1]) == {"LogStatisticsGen": "cached"}
    assert "nothing is logged twice" in said(workspace, "07_monitor")


def test_a_bad_day_ends_the_batch_and_is_no_reason_to_train_on_it(workspace: Path) -> None:
    ended = kit_run("07_monitor", "-p", "traffic_spans", "7-8", workspace=workspace)
    assert ended.code == 11
    assert "skew: price is 0." in ended.errors
    assert runs(workspace)[-1]["failure"]["error"] == "DriftError"
    told = said(workspace, "07_monitor")
    assert "No retraining: requests break the schema in age, device, price, region on 2026-01-08." in told
    assert "Too far from the training data: price 0." in told
    assert "No chain is started" in told
    assert "recommender, the prediction log: skew" in told  # the alert
    alerts = {one.subject: one.evidence for one in Store(Workspace(workspace)).incidents()}
    assert ">training<" in alerts["price"].picture
    assert ">2026-01-08<" in alerts["price"].picture


def test_what_is_over_by_the_newest_day_only_warns(workspace: Path) -> None:
    assert kit_run("07_monitor", "-p", "as_of", "2026-01-07", workspace=workspace).code == 0
    assert "The model stays" in said(workspace, "07_monitor")
