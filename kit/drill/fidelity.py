"""Fidelity: how alike two models score the same requests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Fidelity:
    """How like.

    Attributes:
        rank_correlation: Spearman's of all rows; 1 orders them as the model does, 0 as chance does.
        overlap: share of the best k of a request that are the model's best k too, on average.
        r2: share of the variance of the model's scores that is explained; below 0: worse than their mean.
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
        k: how many of a request count as the best.
    """
    return Fidelity(rank_correlation(scores, model), overlap(scores, model, candidates, k), r2(scores, model))


def rank_correlation(scores: Values, model: Values) -> float:
    """Return Spearman's rank correlation; equal scores share their ranks. 0 where all scores are equal."""
    one, other = (pd.Series(values).rank().to_numpy() for values in (scores, model))
    if not one.std() or not other.std():
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])


def overlap(scores: Values, model: Values, candidates: int, k: int) -> float:
    """Return the mean share of a request's best k that both have; of equal scores the first counts as better."""
    best = [
        np.argsort(-values.reshape(-1, candidates), axis=1, kind="stable")[:, :k]
        for values in (scores, model)
    ]
    shared = [len(set(one) & set(other)) for one, other in zip(*best, strict=True)]
    return float(np.mean(shared) / min(k, candidates))


def r2(scores: Values, model: Values) -> float:
    """Return the coefficient of determination; 0 where the model says the same of all rows."""
    spread = float(((model - model.mean()) ** 2).sum())
    return 1 - float(((scores - model) ** 2).sum()) / spread if spread else 0.0


def ndcg(scores: Values, labels: Values, lists: NDArray[np.int64], k: int) -> float:
    """Return the mean NDCG of the first k of the lists that have a positive row; NaN where none has.

    Gain is the label, discount the logarithm (Järvelin and Kekäläinen, Cumulated gain-based evaluation of IR
    techniques, ACM TOIS 20, 2002). Equal scores stay in the order of the rows.
    """
    table = pd.DataFrame({"list": lists, "label": labels, "score": scores})
    table = table[table.groupby("list")["label"].transform("sum") > 0]
    if table.empty:
        return float("nan")

    def gain(by: str) -> pd.Series[float]:
        ordered = table.sort_values(["list", by], ascending=[True, False], kind="stable")
        place = ordered.groupby("list").cumcount()
        gains: pd.Series[float] = (ordered["label"] / np.log2(place + 2)).where(place < k, 0.0)
        return gains.groupby(ordered["list"]).sum()

    return float((gain("score") / gain("label")).mean())
