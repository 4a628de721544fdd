"""The best trial of the latest search, as settings for Trainer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kit.errors import StepOrderError, UsageError
from kit.session import Session
from kit.training.config import PROJECT, Training
from kit.tuning.records import Value
from kit.tuning.values import apply

TUNED = "tuned"
_COMPONENT, _KEY, _FILE = "Tuner", "best_hyperparameters", "best_hyperparameters.txt"


@dataclass(frozen=True)
class Hyperparameters:
    """What Trainer trains with.

    Attributes:
        training: the settings, with the values of the best trial where those were asked for.
        channel: the artifact that they come from, for the lineage of the model; None: project.yml.
        values: the values of the best trial.
    """

    training: Training
    channel: Any = None
    values: dict[str, Value] | None = None

    def __str__(self) -> str:
        if self.values is None:
            return "as in project.yml"
        return "of the best trial: " + ", ".join(
            f"{name} {_short(value)}" for name, value in self.values.items()
        )


def hyperparameters_of(session: Session, chosen: str) -> Hyperparameters:
    """Return the project's own settings, or those with the values of the best trial of its latest search.

    Args:
        session: the session of the project.
        chosen: `project` or `tuned`.

    Raises:
        StepOrderError: when nothing was tuned yet; UsageError: when `chosen` is neither.
    """
    training = session.project.spec.training
    if chosen == PROJECT:
        return Hyperparameters(training)
    if chosen != TUNED:
        raise UsageError(
            f"hyperparameters must be {PROJECT} or {TUNED}, but is {chosen!r}. Choose one of them."
        )
    if not session.history(_COMPONENT):
        raise StepOrderError(
            f"Tuner must have run, but it has not in {session.workspace.path} for project {session.project.name}. "
            f"Run tune first, with the same workspace and project, or choose hyperparameters {PROJECT}."
        )
    artifact = session.latest(_COMPONENT, _KEY)
    values = json.loads((Path(artifact.uri) / _FILE).read_text())["values"]
    tuned = apply(training, values, session.project.folder / "model.py")
    return Hyperparameters(tuned, session.as_channel([artifact]), values)


def _short(value: Value) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
