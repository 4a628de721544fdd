"""Metrics of the labelled predictions, each with its confidence interval."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kit.evaluation.intervals import Z, interval, wilson
from kit.evaluation.metrics.scores import NEAR_ZERO, auc, calibration, log_losses
from kit.project.file import Task

Values: TypeAlias = NDArray[np.float64]

CALIBRATION = "calibration"
_HALF = 0.5


@dataclass(frozen=True)
class Estimate:
    """A value with its 95% confidence interval; NaN where there are too few rows for one."""

    value: float
    lower: float
    upper: float

    @property
    def error(self) -> float:
        """The standard error that the interval corresponds to."""
        return (self.upper - self.lower) / (2 * Z)


def estimates(task: Task, scores: NDArray[np.float32], truth: Values) -> dict[str, Estimate]:
    """Return the metrics of a task by their names in project.yml; none without rows.

    A binary task also has `calibration`, mean score over mean label: 1 is right, 2 predicts twice the observed rate.

    Args:
        task: the task of the project.
        scores: [rows] in 0 to 1, or [rows, classes]; of a regression the values.
        truth: [rows]: 0 and 1, the place of the class, or the value.
    """
    if not len(truth):
        return {}
    if task == "binary":
        return _binary(scores.astype(np.float64), truth)
    if task == "multiclass":
        return _multiclass(scores.astype(np.float64), truth.astype(np.intp))
    difference = scores.astype(np.float64) - truth
    return {"mse": _mean(difference**2), "mae": _mean(np.abs(difference))}


def _binary(scores: Values, truth: Values) -> dict[str, Estimate]:
    share, rows = float(truth.mean()), float(len(truth))
    accuracy = float(((scores > _HALF) == (truth > _HALF)).mean())
    return {
        "auc": _by_formula("auc", auc(scores, truth), rows, share),
        "logloss": _mean(log_losses(scores, truth)),
        "accuracy": _by_formula("accuracy", accuracy, rows, share),
        CALIBRATION: _calibration(scores, truth),
    }


def _multiclass(scores: Values, truth: NDArray[np.intp]) -> dict[str, Estimate]:
    of_truth = np.clip(scores[np.arange(len(truth)), truth], NEAR_ZERO, None)
    accuracy = float((scores.argmax(axis=1) == truth).mean())
    rows = float(len(truth))
    return {
        "accuracy": _by_formula("accuracy", accuracy, rows, float("nan")),
        "logloss": _mean(-np.log(of_truth)),
    }


def _calibration(scores: Values, truth: Values) -> Estimate:
    """The interval is that of the share of the label (Wilson's); the mean score's own error is negligible."""
    with np.errstate(divide="ignore"):
        lower, upper = wilson(np.array([truth.mean()]), np.array([float(len(truth))]))
        least, most = np.float64(scores.mean()) / np.array([upper[0], max(lower[0], 0.0)])
    return Estimate(calibration(scores, truth), float(least), float(most))


def _by_formula(metric: str, value: float, rows: float, positive_share: float) -> Estimate:
    found = interval(metric, np.array([value]), np.array([rows]), np.array([positive_share]))
    lower, upper = (float(bound[0]) for bound in found) if found else (float("nan"), float("nan"))
    return Estimate(value, lower, upper)


def _mean(values: Values) -> Estimate:
    """The interval of the mean of many rows by the central limit theorem."""
    mean = float(values.mean())
    if len(values) < 2:  # noqa: PLR2004  a deviation needs two
        return Estimate(mean, float("nan"), float("nan"))
    margin = Z * float(values.std(ddof=1)) / math.sqrt(len(values))
    return Estimate(mean, mean - margin, mean + margin)
