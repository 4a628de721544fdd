"""Approximate 95% confidence intervals of metrics on slices, from the metric and the counts alone.

TFMA's own intervals, which `evaluation.intervals` of project.yml asks for, repeat every metric on 20 samples of the
rows. These cost nothing, so that every slice can show how far chance may have moved it even without those. Metrics
without a formula here then have no interval.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Values: TypeAlias = NDArray[np.float64]

Z = 1.959964  # standard normal quantile at 0.975


def interval(
    metric: str, values: Values, examples: Values, positive_share: Values
) -> tuple[Values, Values] | None:
    """Return the lower and upper bounds of a metric on slices; None: there is no formula for it.

    Args:
        metric: its name in project.yml.
        values: the metric on each slice; NaN: not computed, which has no interval.
        examples: how many rows each slice has.
        positive_share: the share of each slice's rows whose label is 1; NaN: not known.
    """
    formula = _FORMULAS.get(metric)
    return None if formula is None else formula(values, examples, positive_share)


def _of_auc(auc: Values, examples: Values, positive_share: Values) -> tuple[Values, Values]:
    """Hanley and McNeil, The meaning and use of the area under a ROC curve, Radiology 143 (1982), equation 1."""
    positives = np.rint(examples * positive_share)
    negatives = examples - positives
    both_higher = auc / (2 - auc)  # two positives score above one negative
    both_lower = 2 * auc**2 / (1 + auc)  # one positive scores above two negatives
    with np.errstate(divide="ignore", invalid="ignore"):  # a slice of one class has no AUC and gets NaN
        variance = (
            auc * (1 - auc)
            + (positives - 1) * (both_higher - auc**2)
            + (negatives - 1) * (both_lower - auc**2)
        ) / (positives * negatives)
        margin = np.where(positives * negatives > 0, Z * np.sqrt(variance), np.nan)
    return np.maximum(auc - margin, 0), np.minimum(auc + margin, 1)


def wilson(shares: Values, examples: Values, z: float = Z) -> tuple[Values, Values]:
    """Return the bounds of shares of rows; NaN where there are none. `z` is the normal quantile of the confidence.

    Wilson, Probable inference, Journal of the American Statistical Association 22 (1927).
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        shrink = 1 / (1 + z**2 / examples)
        middle = shrink * (shares + z**2 / (2 * examples))
        margin = shrink * z * np.sqrt(shares * (1 - shares) / examples + z**2 / (4 * examples**2))
    return middle - margin, middle + margin


def _of_accuracy(accuracy: Values, examples: Values, _positive_share: Values) -> tuple[Values, Values]:
    return wilson(accuracy, examples)


_FORMULAS: dict[str, Callable[[Values, Values, Values], tuple[Values, Values]]] = {
    "auc": _of_auc,
    "accuracy": _of_accuracy,
}
