"""Metrics of the scores of rows as array formulas; NumPy is all that they import.

Each takes the scores first and then the truth: 0 and 1 for a class, or the quantity. NaN: these rows do not have the
metric.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Values: TypeAlias = NDArray[np.float64]
Truth: TypeAlias = NDArray[np.float64] | NDArray[np.bool_]

NEAR_ZERO = 1e-7
"""How far Keras keeps probabilities away from 0 and 1."""


def ranks(values: Values) -> Values:
    """Return the rank of each value, from 0.5; ties share the mean of their ranks."""
    _, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - counts / 2
    found: Values = middle[codes]
    return found


def auc(scores: Values, truth: Truth) -> float:
    """Return the share of pairs of a positive and a negative row in which the positive scores higher; ties are a half.

    Mann and Whitney, On a test of whether one of two random variables is stochastically larger than the other, The
    Annals of Mathematical Statistics 18 (1947). TFMA's is the same but for its 10,000 thresholds. NaN with a single
    class.
    """
    positive = truth > 0
    positives = int(positive.sum())
    negatives = len(positive) - positives
    if not positives or not negatives:
        return float("nan")
    above = float(ranks(scores)[positive].sum()) - positives**2 / 2
    return above / (positives * negatives)


def log_losses(scores: Values, truth: Truth) -> Values:
    """Return the log loss of each row; probabilities are kept away from 0 and 1."""
    likely = np.clip(scores, NEAR_ZERO, 1 - NEAR_ZERO)
    return -np.log(np.where(truth > 0, likely, 1 - likely))


def calibration(scores: Values, truth: Truth) -> float:
    """Return mean score over mean label: 1 is right, 2 predicts twice the observed rate; infinite if no label is 1."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.float64(scores.mean()) / truth.mean())


def r2(scores: Values, truth: Values, *, of_constant: float = float("nan")) -> float:
    """Return the coefficient of determination, the explained share of the variance; below 0: worse than the mean.

    Args:
        scores: [rows].
        truth: [rows].
        of_constant: the value to return if the truth is the same in all rows, or there are none.
    """
    if not len(truth):
        return of_constant
    spread = float(((truth - truth.mean()) ** 2).sum())
    return 1 - float(((scores - truth) ** 2).sum()) / spread if spread else of_constant


def top_overlap(scores: Values, other: Values, size: int, k: int) -> float:
    """Return the mean share of a list's best k that two models agree on; of equal scores the first counts as better.

    Args:
        scores: [lists * size], one list after another.
        other: the scores of the other model.
        size: rows of a list.
        k: how many of a list count as its best.
    """
    best = [np.argsort(-values.reshape(-1, size), axis=1, kind="stable")[:, :k] for values in (scores, other)]
    shared = [len(np.intersect1d(one, another)) for one, another in zip(*best, strict=True)]
    return float(np.mean(shared) / min(k, size))


def ndcg(scores: Values, truth: Truth, lists: NDArray[np.int64], k: int) -> float:
    """Return the mean NDCG of the first k of the lists that have a positive row; NaN where none has.

    Of two rows with the same score the one that is not positive comes first: rounding all scores to one gains nothing
    from the order of the rows.

    Args:
        scores: [rows], the higher the better.
        truth: [rows], above 0 where the row is positive.
        lists: [rows], the number of each row's list.
        k: how many of a list count.
    """
    positive = truth > 0
    order = np.lexsort((positive, -scores, lists))
    _, starts = np.unique(lists[order], return_index=True)
    of_lists = np.split(positive[order], starts[1:])
    found = [ndcg_of_list(ranked, k) for ranked in of_lists if ranked.any()]
    return float(np.mean(found)) if found else float("nan")


def ndcg_of_list(ranked: NDArray[Any], k: int) -> float:
    """Return the NDCG of the first k of a list that has a positive row.

    DCG is the sum of gain / log2(rank + 1), here with gains 0 and 1, divided by that of the best order (Järvelin and
    Kekäläinen, Cumulated gain-based evaluation of IR techniques, ACM TOIS 20, 2002).

    Args:
        ranked: [rows], best score first, which rows are positive.
        k: how many count.
    """
    discounts = 1 / np.log2(np.arange(2, min(k, len(ranked)) + 2))
    best = discounts[: int(ranked.sum())].sum()
    return float(discounts[ranked[: len(discounts)]].sum() / best)
