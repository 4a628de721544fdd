"""The artifacts behind the latest evaluation: its model, and the runs that made it, which may not be the latest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tfx import types

from kit.data.data_file import DataFile, files_of
from kit.data.example_gen import SPLITS
from kit.data.statistics import load_statistics
from kit.data.summaries import summarize
from kit.evaluation.latest import evaluated_inputs
from kit.session import Session
from kit.steps.history import Artifacts


class Origins:
    """The artifacts and settings behind the latest evaluation.

    Raises:
        StepOrderError: when no model was evaluated.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._evaluated = evaluated_inputs(session)
        self.model: types.Artifact = self._evaluated["model"][0]
        _, made, properties = self._run("Trainer", "model", self.model.id)
        self.model_run = Path(made["model_run"][0].uri)
        self.config: dict[str, Any] = json.loads(properties["custom_config"])

    @property
    def files(self) -> list[DataFile]:
        _, _, properties = self._run("ExampleGen", "examples", self._examples)
        return files_of(properties)

    @property
    def schema(self) -> Path:
        return Path(self._evaluated["schema"][0].uri)

    @property
    def anomalies(self) -> Path:
        """The anomalies that were found against that schema in those examples."""
        statistics = self._taking("StatisticsGen", "examples", self._examples)["statistics"][0]
        return Path(self._taking("ExampleValidator", "statistics", statistics.id)["anomalies"][0].uri)

    def example_counts(self) -> dict[str, float]:
        """Count the examples of each split."""
        folder = Path(self._taking("StatisticsGen", "examples", self._examples)["statistics"][0].uri)
        counts: dict[str, float] = summarize({split: load_statistics(folder, split) for split in SPLITS})[
            "examples"
        ]
        return counts

    @property
    def _examples(self) -> int:
        return int(self._evaluated["examples"][0].id)

    def _run(self, component: str, key: str, artifact: int) -> tuple[Artifacts, Artifacts, dict[str, str]]:
        """Return inputs, outputs and properties of the latest run that made an artifact, or took it from the cache."""
        runs = zip(self._session.history(component), self._session.past_properties(component), strict=True)
        return next((*run, told) for run, told in runs if run[1][key][0].id == artifact)

    def _taking(self, component: str, key: str, artifact: int) -> Artifacts:
        """Return the outputs of the latest run that took an artifact."""
        runs = self._session.history(component)
        return next(made for taken, made in runs if taken[key][0].id == artifact)
