from __future__ import annotations

import pytest
from pydantic import ValidationError

from kit.errors import ProjectError
from kit.tuning.config import Tuning


@pytest.mark.parametrize(
    ("settings", "task", "expected"),
    [
        ({}, "binary", ("val_auc", "max")),
        ({}, "multiclass", ("val_loss", "min")),
        ({}, "regression", ("val_loss", "min")),
        (
            {"objective": "val_sparse_categorical_accuracy"},
            "multiclass",
            ("val_sparse_categorical_accuracy", "max"),
        ),
        ({"objective": "val_gain"}, "binary", ("val_gain", "min")),
        ({"objective": "val_gain", "direction": "max"}, "binary", ("val_gain", "max")),
    ],
)
def test_what_a_trial_is_judged_by(settings: dict[str, str], task: str, expected: tuple[str, str]) -> None:
    assert Tuning.model_validate(settings).objective_of(task) == expected


def test_a_search_needs_an_end() -> None:
    with pytest.raises(ValidationError, match="needs trials or minutes to end by, but both are 0"):
        Tuning(trials=0)
    assert Tuning(trials=0, minutes=2).minutes == 2


def test_given_values_override_those_of_the_project_and_zero_keeps_them() -> None:
    project = Tuning(trials=20, parallel=3)
    changed = project.override(trials=4, parallel=0, objective="", share=0.5, algorithm="project")
    assert (changed.trials, changed.parallel, changed.share) == (4, 3, 0.5)
    assert project.trials == 20


@pytest.mark.parametrize(
    ("given", "found"),
    [({"share": 1.5}, "share: .*found 1.5"), ({"algorithm": "grid"}, "algorithm: .*'grid'")],
)
def test_a_value_out_of_range_is_named(given: dict[str, float | str], found: str) -> None:
    with pytest.raises(ProjectError, match=found):
        Tuning().override(**given)
