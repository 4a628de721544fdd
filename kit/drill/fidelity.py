"""Fidelity: how similarly two models score the same requests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kit.evaluation.metrics.scores import r2, ranks, top_overlap

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Fidelity:
    """How similarly two models score.

    Attributes:
        rank_correlation: Spearman's, of all rows; 1: in the model's order, 0: at random.
        overlap: share of the best k of a request that are the model's best k too, on average.
        r2: share of the variance of the model's scores that is explained; below 0: worse than their mean; 0 where the
            model gives all rows the same score.
    """

    rank_correlation: float
    overlap: float
    r2: float


def compare(scores: Values, model: Values, candidates: int, k: int) -> Fidelity:
    """Compare scores with the model's.

    Args:
        scores: [rows], requests one after another.
        model: [rows], the model's own.
        candidates: rows of a request.
        k: how many rows of a request count as the best.
    """
    return Fidelity(
        rank_correlation(scores, model),
        top_overlap(scores, model, candidates, k),
        r2(scores, model, of_constant=0.0),
    )


def rank_correlation(scores: Values, model: Values) -> float:
    """Return Spearman's rank correlation; equal scores share their ranks. 0 where all scores are equal."""
    one, other = (ranks(values) for values in (scores, model))
    if not one.std() or not other.std():
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])
