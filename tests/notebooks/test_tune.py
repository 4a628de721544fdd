"""The notebook that tunes: too early, as a batch, from the cache and through nbval, on a project of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from commands import NOTEBOOKS, kit_run, runs, states

from .executed import nbval, said

pytestmark = [pytest.mark.slow, pytest.mark.notebook]
TUNE = NOTEBOOKS / "tune.ipynb"
PROJECT = ("-P", "small")
BUDGET = ("-p", "trials", "2", "-p", "epochs", "1")


@pytest.fixture(scope="module")
def workspace(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the small project's workspace in which features are made."""
    folder = Path(shutil.copytree(small, tmp_path_factory.mktemp("tune") / "ws"))
    empty = tmp_path_factory.mktemp("empty") / "ws"
    shutil.copytree(small / "projects", empty / "projects")
    too_early = kit_run("tune", *PROJECT, workspace=empty)
    assert too_early.code == 2
    assert "Run 02_features first" in too_early.output + too_early.errors
    assert kit_run("02_features", *PROJECT, workspace=folder).code == 0
    untuned = kit_run("03_train", *PROJECT, "-p", "hyperparameters", "tuned", workspace=folder)
    assert untuned.code == 2
    assert "Run tune first" in untuned.output + untuned.errors
    return folder


def test_a_batch_tunes_once_and_then_takes_it_from_the_cache(workspace: Path) -> None:
    ended = kit_run("tune", *PROJECT, *BUDGET, workspace=workspace)
    assert ended.code == 0, ended.errors
    assert states(runs(workspace)[-1]) == {"Tuner": "done"}
    first = said(workspace, "tune")
    assert "Trials done: 2 of 2; trial " in first
    assert "Tuning: 2 of 2 trials over after" in first
    assert "trial 2/validation" in first, "TensorBoard has every trial"

    assert kit_run("tune", *PROJECT, *BUDGET, workspace=workspace).code == 0
    assert states(runs(workspace)[-1]) == {"Tuner": "cached"}
    assert said(workspace, "tune").count("Trials done: 2 of 2; trial ") == 1
    assert len(list((workspace / "tuning" / "small" / "trials").iterdir())) == 2


def test_training_takes_the_best_trial_and_its_other_parameters_win(workspace: Path) -> None:
    assert kit_run("tune", *PROJECT, *BUDGET, workspace=workspace).code == 0
    given = ("-p", "hyperparameters", "tuned", "-p", "epochs", "1", "-p", "steps_per_execution", "2")
    ended = kit_run("03_train", *PROJECT, *given, workspace=workspace)
    assert ended.code == 0, ended.errors
    told = said(workspace, "03_train")
    assert "Hyperparameters of the best trial: " in told
    assert "epochs=1," in told
    assert "steps_per_execution=2," in told


def test_nbval_passes_on_it(workspace: Path, tmp_path: Path) -> None:
    given = {"workspace": str(workspace), "project_name": "small", "trials": 2, "epochs": 1}
    ended = nbval(tmp_path, TUNE, **given)
    assert ended.code == 0, ended.output[-3000:]


def test_an_objective_that_nobody_measures_ends_the_batch_and_names_those_that_are(workspace: Path) -> None:
    ended = kit_run("tune", *PROJECT, *BUDGET, "-p", "objective", "val_click_rate", workspace=workspace)
    assert ended.code == 2
    told = ended.output + ended.errors
    assert "'val_click_rate' is not. Choose one of" in told
    assert "val_auc" in told
