"""The `tuning` section of project.yml."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from kit.project_section import Section
from kit.training.config import overridden

Algorithm = Literal["random", "bayesian", "hyperband"]
Direction = Literal["max", "min"]

# Keras's names of metrics that grow as a model gets better.
_LARGER_IS_BETTER = ("auc", "accuracy", "precision", "recall", "ndcg", "hit", "mrr", "r2")


class Tuning(Section):
    """How to search: defaults of a project, which a notebook's parameters override."""

    objective: str = Field(
        default="", description="metric of the training, as Keras names it; empty: val_auc, or val_loss"
    )
    direction: Literal["", "max", "min"] = Field(
        default="", description="which values of it are better; empty: judged by its name"
    )
    algorithm: Algorithm = Field(
        default="random", description="KerasTuner's algorithm that chooses the values"
    )
    trials: int = Field(default=10, ge=0, description="most trials; 0: as many as there is time for")
    minutes: float = Field(
        default=0, ge=0, allow_inf_nan=False, description="time after which no trial begins; 0: no limit"
    )
    parallel: int = Field(
        default=0, ge=0, description="trials at a time; 0: as many as cores and memory allow"
    )
    epochs: int = Field(
        default=0, ge=0, description="epochs per trial, with hyperband of the longest; 0: as in training"
    )
    share: float = Field(
        default=1.0, gt=0, le=1, allow_inf_nan=False, description="share of the training rows that trials see"
    )
    seed: int = Field(default=7, ge=0, description="seed of the choice of values and rows")

    @model_validator(mode="after")
    def _ends(self) -> Self:
        if not self.trials and not self.minutes:
            raise ValueError("a search needs trials or minutes to end by, but both are 0")
        return self

    def objective_of(self, task: str) -> tuple[str, Direction]:
        """Return what a trial is judged by, and which values are better."""
        name = self.objective or ("val_auc" if task == "binary" else "val_loss")
        if self.direction:
            return name, self.direction
        return name, "max" if any(word in name for word in _LARGER_IS_BETTER) else "min"

    def override(self, **given: float | str | None) -> Tuning:
        """Return a copy with the given values, as `kit.training.config.chosen` takes them.

        Raises:
            ProjectError: when a value is out of range; the message names it.
        """
        return overridden(self, given, "tuning")
