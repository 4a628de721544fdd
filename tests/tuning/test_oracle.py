"""KerasTuner's oracles as the kit asks them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras_tuner
import pytest

from kit.tuning.config import Tuning
from kit.tuning.oracle import make_oracle, quietly

PRESENT = {"rate": 0.015, "units": 32}


def space() -> keras_tuner.HyperParameters:
    made = keras_tuner.HyperParameters()
    made.Float("rate", 1e-4, 1e-1, sampling="log")
    made.Choice("units", [16, 32, 64])
    made.values.update(PRESENT)
    return made


def search(folder: Path, trials: int, **settings: Any) -> list[dict[str, Any]]:
    """Return the values of the trials, each judged by its units and rate."""
    oracle = make_oracle(Tuning(trials=trials, **settings), space(), "val_auc", "max", 9, folder)
    found: list[dict[str, Any]] = []
    with quietly():
        while len(found) < trials:
            trial = oracle.create_trial(f"trial {len(found)}")
            if trial.status != "RUNNING":
                break
            values = dict(trial.hyperparameters.values)
            found.append(values)
            oracle.update_trial(trial.trial_id, {"val_auc": values["units"] - abs(values["rate"] - 0.01)})
            trial.status = "COMPLETED"
            oracle.end_trial(trial)
    return found


@pytest.mark.parametrize("algorithm", ["random", "bayesian", "hyperband"])
def test_the_same_seed_gives_the_same_trials(tmp_path: Path, algorithm: str) -> None:
    trials = 4 if algorithm == "bayesian" else 8  # an answer of the Gaussian process takes seconds
    one, again, other = (
        search(tmp_path / str(number), trials, algorithm=algorithm, seed=seed)
        for number, seed in enumerate((0, 0, 1))
    )
    assert one == again
    assert one != other
    assert len({str(values) for values in one}) == trials


@pytest.mark.parametrize("algorithm", ["random", "bayesian"])
def test_the_first_trial_is_what_the_project_has_now(tmp_path: Path, algorithm: str) -> None:
    found = search(tmp_path, 4, algorithm=algorithm)
    assert found[0] == PRESENT
    assert PRESENT not in found[1:]


@pytest.mark.slow
def test_a_search_that_learns_finds_more_than_chance(tmp_path: Path) -> None:
    learnt = [values["units"] for values in search(tmp_path, 10, algorithm="bayesian")[5:]]
    assert learnt.count(64) > len(learnt) / 2, "drawn by chance it is a third"


def test_hyperband_trains_few_trials_long(tmp_path: Path) -> None:
    epochs = [values["tuner/epochs"] for values in search(tmp_path, 30, algorithm="hyperband")]
    assert set(epochs) == {1, 3, 9}
    assert epochs.count(1) > epochs.count(9)


def test_a_small_space_is_soon_exhausted(tmp_path: Path) -> None:
    made = keras_tuner.HyperParameters()
    made.Choice("units", [1, 2])
    oracle = make_oracle(Tuning(), made, "val_auc", "max", 1, tmp_path)
    with quietly():
        states = [oracle.create_trial(str(number)).status for number in range(3)]
    assert states == ["RUNNING", "RUNNING", "STOPPED"]
