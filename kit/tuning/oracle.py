"""KerasTuner's oracles: asked for the values of a trial, and told how it ended."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras_tuner

from kit.tuning.config import Direction, Tuning

_UNLIMITED = 10_000  # trials, if time ends the search
_FACTOR = 3  # of Hyperband: one trial in this many goes on, with this many times the epochs


class _PresentFirst:
    """Begins with the project's current values, so that the best trial is never worse, and the gain is known."""

    trials: dict[str, Any]
    hyperparameters: Any

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        if not self.trials:
            return {"status": "RUNNING", "values": dict(self.hyperparameters.values)}
        chosen: dict[str, Any] = super().populate_space(trial_id)  # type: ignore[misc]
        return chosen


class RandomOracle(_PresentFirst, keras_tuner.oracles.RandomSearchOracle):
    """Values drawn uniformly from the space, none twice."""


class BayesianOracle(_PresentFirst, keras_tuner.oracles.BayesianOptimizationOracle):
    """After some random trials, values where a Gaussian process expects the most."""


def make_oracle(  # noqa: PLR0913, PLR0917  what a search is
    tuning: Tuning,
    space: keras_tuner.HyperParameters,
    objective: str,
    direction: Direction,
    epochs: int,
    folder: Path,
) -> Any:
    """Return the oracle of a search.

    Args:
        tuning: algorithm, number of trials and seed.
        space: its values are those of the first trial, except for Hyperband.
        objective: the metric that trials are judged by.
        direction: which values of it are better.
        epochs: the epochs of the longest trial of Hyperband.
        folder: for files of KerasTuner's own; a search is resumed from the kit's records.
    """
    common = {
        "objective": keras_tuner.Objective(objective, direction),
        "hyperparameters": space,
        "allow_new_entries": False,
        "seed": tuning.seed + 1,  # KerasTuner replaces 0 by a random seed
        "max_consecutive_failed_trials": _UNLIMITED,  # the search itself decides
    }
    most = tuning.trials or _UNLIMITED
    if tuning.algorithm == "hyperband":
        oracle = keras_tuner.oracles.HyperbandOracle(
            max_epochs=epochs, factor=_FACTOR, hyperband_iterations=1 if tuning.trials else 1000, **common
        )
    elif tuning.algorithm == "bayesian":
        # KerasTuner itself would first draw three per name at random, which is all of a short search.
        drawn = min(3 * len(space.space), max(2, most // 2))
        oracle = BayesianOracle(max_trials=most, num_initial_points=drawn, **common)
    else:
        oracle = RandomOracle(max_trials=most, **common)
    oracle.verbose = 0
    oracle._set_project_dir(str(folder), "oracle")  # noqa: SLF001  it writes there, and there is no other way
    return oracle


@contextmanager
def quietly() -> Iterator[None]:
    """Hide warnings that users cannot act on: deprecated names in KerasTuner, and the fit of its Gaussian process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.filterwarnings("ignore", module=r"sklearn\.")
        yield
