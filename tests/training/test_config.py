"""A notebook's parameters override project.yml, or leave it to it."""

from __future__ import annotations

from typing import Any

import pytest

from kit.errors import ProjectError
from kit.training.config import Training

OWN = Training(schedule="cosine", jit_compile=True, early_stopping=3)


@pytest.mark.parametrize("value", [0, "", "project", None, 0.0])
def test_what_says_nothing_keeps_the_value_of_the_project(value: Any) -> None:
    names = ("schedule", "jit_compile", "early_stopping", "precision", "learning_rate")
    assert OWN.override(**dict.fromkeys(names, value)) == OWN


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        ({"schedule": "constant"}, "schedule", "constant"),
        ({"jit_compile": "off"}, "jit_compile", False),
        ({"jit_compile": "on"}, "jit_compile", True),
        ({"early_stopping": 5}, "early_stopping", 5),
        ({"best_by": "val_auc"}, "best_by", "val_auc"),
    ],
)
def test_what_is_given_overrides(given: dict[str, Any], name: str, value: object) -> None:
    assert getattr(OWN.override(**given), name) == value


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"schedule": "sine"}, "schedule: .*'constant', 'cosine' or 'exponential', found 'sine'"),
        ({"precision": "half"}, "precision: .*found 'half'"),
        ({"jit_compile": "perhaps"}, "jit_compile: .*found 'perhaps'"),
        ({"keep_checkpoints": -1}, "keep_checkpoints: .*found -1"),
    ],
)
def test_what_cannot_be_is_named(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ProjectError, match=message):
        OWN.override(**given)
