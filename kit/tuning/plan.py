"""The plan of a search as plain values, as they pass through Tuner's `custom_config`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from kit.project import Project
from kit.training.config import Training
from kit.training.job import Job
from kit.tuning.config import Direction, Tuning
from kit.tuning.records import RUNNING, TRIALS, Trial, Value
from kit.tuning.values import apply


@dataclass(frozen=True)
class Plan:
    """One search.

    Attributes:
        project: folder of the project.
        training: the settings that every trial starts from.
        tuning: how to search.
        folder: the folder where searches and trials of the project are kept.
        basis: a digest of the data and code that all trials depend on.
        id: digest of the whole search.
        train_files, eval_files: patterns of the transformed examples.
        transform_output: folder of Transform's graph.
    """

    project: str
    training: Training
    tuning: Tuning
    folder: Path
    basis: str
    id: str
    train_files: tuple[str, ...] = ()
    eval_files: tuple[str, ...] = ()
    transform_output: str = ""

    @classmethod
    def of(cls, fn_args: Any) -> Self:
        """Read it from TFX's FnArgs, whose `custom_config` `kit.tuning.tuner` filled."""
        config = fn_args.custom_config
        return cls(
            project=config["project"],
            training=Training.model_validate(config["training"]),
            tuning=Tuning.model_validate(config["tuning"]),
            folder=Path(config["folder"]),
            basis=config["basis"],
            id=config["search"],
            train_files=tuple(fn_args.train_files),
            eval_files=tuple(fn_args.eval_files),
            transform_output=fn_args.transform_graph_path,
        )

    @property
    def model_file(self) -> Path:
        return Path(self.project) / "model.py"

    @property
    def epochs(self) -> int:
        """The epochs of a trial, with Hyperband at most."""
        return self.tuning.epochs or self.training.epochs

    @property
    def objective(self) -> tuple[str, Direction]:
        return self.tuning.objective_of(Project.load(self.project).spec.task)

    def training_of(self, values: dict[str, Value], epochs: int) -> Training:
        """Return the settings of a trial; on one device, since many trials use many cores better than one does."""
        base = self.training.model_copy(update={"epochs": epochs, "strategy": "one_device"})
        return apply(base, values, self.model_file)

    def trial(self, number: int, values: dict[str, Value], epochs: int) -> Trial:
        """Return a trial, as an earlier process left it, if one did."""
        training = self.training_of(values, epochs)
        share = [self.tuning.share, self.tuning.seed] if self.tuning.share < 1 else []
        name = digest([self.basis, training.model_dump(), share, *self.objective])
        folder = str(self.folder / TRIALS / name)
        new = Trial(number, values, folder, RUNNING, epochs=training.epochs)
        return new.kept() or new

    def job(self, trial: Trial, train_files: tuple[str, ...]) -> Job:
        return Job(
            project=self.project,
            training=self.training_of(dict(trial.values), trial.epochs),
            train_files=train_files,
            eval_files=self.eval_files,
            transform_output=self.transform_output,
            run_dir=str(trial.run),
            checkpoint=str(trial.checkpoint),
            model_dir="",
        )


def digest(parts: Any) -> str:
    """Return a short name for plain values."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
