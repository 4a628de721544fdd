"""Tuner's tuner_fn, the same for every project; what differs is `search_space` in the project's model.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras_tuner
from keras_tuner.engine import base_tuner
from tfx.components.tuner.component import TunerFnResult

from kit.project import Project
from kit.steps.progress import report
from kit.tuning import rows
from kit.tuning.oracle import make_oracle
from kit.tuning.plan import Plan, digest
from kit.tuning.records import ROWS
from kit.tuning.search import TrialSearch
from kit.tuning.space import active, read_space


def tuner_fn(fn_args: Any) -> TunerFnResult:
    """Return the search that TFX's executor runs, and whose best values it writes.

    Args:
        fn_args: TFX's FnArgs; `Plan.of` tells what its `custom_config` holds.

    Raises:
        SearchSpaceError: when the project's search space cannot be searched.
    """
    plan = Plan.of(fn_args)
    space = read_space(Project.load(plan.project), plan.training)
    folder = Path(fn_args.working_dir)
    oracle = make_oracle(plan.tuning, space, *plan.objective, plan.epochs, folder)
    drawn = digest([plan.basis, plan.tuning.share, plan.tuning.seed])
    files = rows.share_of(plan.train_files, plan.tuning.share, plan.tuning.seed, plan.folder / ROWS / drawn)
    return TunerFnResult(
        tuner=ParallelTuner(TrialSearch(plan, oracle, files, report), oracle, folder), fit_kwargs={}
    )


class ParallelTuner(base_tuner.BaseTuner):
    """A tuner with TFX's interface, around a search of the kit."""

    def __init__(self, search: TrialSearch, oracle: Any, folder: Path) -> None:
        super().__init__(oracle, directory=str(folder), project_name="oracle", overwrite=True)
        self._search = search

    def search(self) -> None:
        """Search, and leave in the oracle only values that were in effect."""
        self._search.run()
        for trial in self.oracle.trials.values():
            trial.hyperparameters.values = active(trial.hyperparameters)
        self.oracle.max_trials = len(self.oracle.trials)  # the number that TFX's executor asks for

    def get_best_hyperparameters(self, num_trials: int = 1) -> list[keras_tuner.HyperParameters]:
        return [trial.hyperparameters for trial in self.oracle.get_best_trials(num_trials)]
