"""Evaluations as they could be, written by TFMA's writers, with the verdict of TFMA's validator."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.evaluators import metrics_validator
from tensorflow_model_analysis.metrics import metric_specs, metric_types
from tensorflow_model_analysis.writers import metrics_plots_and_validations_writer as writer

from kit.evaluation.config import eval_config
from kit.evaluation.local.evaluate import Evaluated
from kit.evaluation.local.write import write
from kit.evaluation.metrics import validation
from kit.project import Project
from kit.project.file import Gate, ProjectFile

METRICS = ("auc", "logloss", "calibration", "accuracy")
CUTS = (("device",), ("region",), ("device", "region"), ("position",))
VALUES: dict[str, tuple[Any, ...]] = {
    "device": ("mobile", "tablet", "pager"),
    "region": ("north", "東", "07"),
    "position": (1, 2, 7),
}
_GRID = 8  # values and thresholds are eighths, so that many are equal


class Generated:
    """One evaluation drawn by a seed: slices of all sizes, NaN, metrics that a slice lacks, with and without baseline.

    Args:
        project: whose columns there are.
        seed: of the draw.
    """

    def __init__(self, project: Project, seed: int) -> None:
        self.draw = draw = np.random.default_rng(seed)
        self.has_baseline = bool(draw.random() < 0.5)
        self.least_rows = int(draw.choice([1, 1, 100]))
        self.project = self._with_gates(project, self.gates())
        self.slices = self._slices()
        self.metrics = self._metrics()

    def gates(self) -> tuple[Gate, ...]:
        """Draw some gates; most slices are there, and so are most values."""
        return tuple(self._gate() for _ in range(self.draw.integers(0, 4)))

    def config(self, gates: tuple[Gate, ...] | None = None) -> tfma.EvalConfig:
        """Return the configuration as Evaluator uses it, with its own gates or others."""
        project = self.project if gates is None else self._with_gates(self.project, gates)
        made = eval_config(project, has_baseline=self.has_baseline)
        return tfma.utils.update_eval_config_with_defaults(
            made, has_baseline=self.has_baseline, rubber_stamp=True
        )

    def write(self, folder: Path) -> bool:
        """Write it as Evaluator would; return TFMA's verdict."""
        verdict = write(folder, Evaluated(self.metrics, {}), self.config(), {})
        return bool(verdict.validation_ok) or not self._thresholds(self.config())

    def verdict(self, gates: tuple[Gate, ...]) -> bool:
        """Return TFMA's verdict, had the gates been others."""
        config = self.config(gates)
        combine = writer.CombineValidations(config, rubber_stamp=True)
        found = combine.create_accumulator()
        for one in self.metrics.items():
            found = combine.add_input(found, metrics_validator.validate_metrics(one, config))
        return bool(combine.extract_output(found).validation_ok)

    @staticmethod
    def _thresholds(config: tfma.EvalConfig) -> Any:
        return metric_specs.metric_thresholds_from_metrics_specs(config.metrics_specs, eval_config=config)

    def _with_gates(self, project: Project, gates: tuple[Gate, ...]) -> Project:
        evaluation = project.spec.evaluation.model_copy(update={"min_slice_size": self.least_rows})
        changed = {
            "gates": gates, "metrics": METRICS, "slices": CUTS, "evaluation": evaluation, "ranking": None,
        }  # fmt: skip
        spec: ProjectFile = project.spec.model_copy(update=changed)
        return Project(project.folder, spec)

    def _gate(self) -> Gate:
        metric, slice_ = str(self.draw.choice(METRICS)), {}
        if self.draw.random() < 0.6:
            for column in CUTS[self.draw.integers(len(CUTS))]:
                value = VALUES[column][self.draw.integers(len(VALUES[column]))]
                slice_[column] = "*" if self.draw.random() < 0.4 else value
        kinds = ["min", "max"] + (["min_change"] if metric != "calibration" else [])
        some = self.draw.choice(kinds, self.draw.integers(1, len(kinds) + 1), replace=False)
        return Gate(metric=metric, slice=slice_, **{str(kind): self._threshold(str(kind)) for kind in some})

    def _threshold(self, kind: str) -> float:
        least, most = {"min": (0, 4), "max": (4, 9), "min_change": (-8, 1)}[kind]
        return float(self.draw.integers(least, most)) / _GRID

    def _slices(self) -> dict[tuple[tuple[str, Any], ...], float]:
        """Draw which slices have rows, and how many."""
        keys: list[tuple[tuple[str, Any], ...]] = []
        for cut in CUTS:
            combined: list[tuple[tuple[str, Any], ...]] = [()]
            for column in cut:
                combined = [(*key, (column, value)) for key in combined for value in VALUES[column]]
            keys += [key for key in combined if self.draw.random() < 0.9]
        sizes: dict[tuple[tuple[str, Any], ...], float] = {(): 1000.0}
        return sizes | {key: float(self.draw.choice([5, 99, 100, 400])) for key in keys}

    def _metrics(self) -> dict[tuple[tuple[str, Any], ...], dict[Any, Any]]:
        return {key: self._of_slice(key, size) for key, size in self.slices.items()}

    def _of_slice(self, key: tuple[tuple[str, Any], ...], size: float) -> dict[Any, Any]:
        model = "candidate" if self.has_baseline else ""
        found: dict[Any, Any] = {metric_types.MetricKey("example_count", model_name=model): size}
        for name in METRICS:
            if key and self.draw.random() < 0.002:
                continue
            value, baseline = (self._value() for _ in range(2))
            metric = metric_types.MetricKey(name, model_name=model)
            found[metric] = value
            if self.has_baseline:
                found[metric_types.MetricKey(name, model_name="baseline")] = baseline
                found[metric.make_diff_key()] = value - baseline
        return found

    def _value(self) -> float:
        return math.nan if self.draw.random() < 0.004 else float(self.draw.integers(2, 8)) / _GRID


def judge_as_evaluator(monkeypatch: Any) -> None:
    """Let TFMA's validator leave out slices that are too small, as it does in Evaluator's process."""
    monkeypatch.setattr(metrics_validator, "validate_metrics", validation.validate_metrics)
