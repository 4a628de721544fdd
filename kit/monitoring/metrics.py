"""Metrics of the labelled predictions, each with its confidence interval."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kit.evaluation.intervals import Z, interval, wilson
from kit.project.file import Task

Values: TypeAlias = NDArray[np.float64]

CALIBRATION = "calibration"
_NEAR_ZERO = 1e-7  # as Keras keeps probabilities away from 0 and 1
_HALF = 0.5


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % confidence interval; NaN where there are too few rows for one."""

    value: float
    lower: float
    upper: float

    @property
    def error(self) -> float:
        """The standard error that the interval stands for."""
        return (self.upper - self.lower) / (2 * Z)


def estimates(task: Task, scores: NDArray[np.float32], truth: Values) -> dict[str, Estimate]:
    """Return the metrics of a task by the names that project.yml has for them; none without rows.

    Of a binary task also `calibration`, mean score by mean label: 1 is right, 2 promises twice what comes true.

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


def auc(scores: Values, truth: Values) -> float:
    """The share of pairs of a positive and a negative row in which the positive one scores higher; ties are a half.

    Mann and Whitney, On a test of whether one of two random variables is stochastically larger than the other, The
    Annals of Mathematical Statistics 18 (1947). TFMA's is the same but for its 10,000 thresholds. NaN for one class.
    """
    positives = float(truth.sum())
    negatives = len(truth) - positives
    if not positives or not negatives:
        return float("nan")
    above = float(pd.Series(scores).rank()[truth > _HALF].sum()) - positives * (positives + 1) / 2
    return above / (positives * negatives)


def _binary(scores: Values, truth: Values) -> dict[str, Estimate]:
    share, rows = float(truth.mean()), float(len(truth))
    area = auc(scores, truth)
    clipped = np.clip(scores, _NEAR_ZERO, 1 - _NEAR_ZERO)
    losses = -(truth * np.log(clipped) + (1 - truth) * np.log(1 - clipped))
    accuracy = float(((scores > _HALF) == (truth > _HALF)).mean())
    return {
        "auc": _by_formula("auc", area, rows, share),
        "logloss": _mean(losses),
        "accuracy": _by_formula("accuracy", accuracy, rows, share),
        CALIBRATION: _calibration(float(scores.mean()), share, rows),
    }


def _multiclass(scores: Values, truth: NDArray[np.intp]) -> dict[str, Estimate]:
    of_truth = np.clip(scores[np.arange(len(truth)), truth], _NEAR_ZERO, None)
    accuracy = float((scores.argmax(axis=1) == truth).mean())
    rows = float(len(truth))
    return {
        "accuracy": _by_formula("accuracy", accuracy, rows, float("nan")),
        "logloss": _mean(-np.log(of_truth)),
    }


def _calibration(mean_score: float, share: float, rows: float) -> Estimate:
    """The interval is that of the share of the label (Wilson's); the mean score has next to no error beside it."""
    with np.errstate(divide="ignore"):
        lower, upper = wilson(np.array([share]), np.array([rows]))
        value, least, most = np.float64(mean_score) / np.array([share, upper[0], max(lower[0], 0.0)])
    return Estimate(float(value), float(least), float(most))


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
