"""The best AUC that any model can reach on a span: that of the true click probabilities."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.csv

FOLDER = Path(__file__).resolve().parent


def auc(clicked: np.ndarray, score: np.ndarray) -> float:
    """Return the area under the ROC curve, the share of (click, no click) pairs in the right order; ties count half.

    By ranks, as in Hanley and McNeil (1982), doi:10.1148/radiology.143.1.7063747.

    Raises:
        ValueError: when all rows have the same label.
    """
    positive = np.asarray(clicked) == 1
    clicks, others = int(positive.sum()), int((~positive).sum())
    if not clicks or not others:
        raise ValueError(f"AUC needs rows with and without a click, but there are {clicks} and {others}.")
    _, inverse, counts = np.unique(np.asarray(score), return_inverse=True, return_counts=True)
    last_rank = np.cumsum(counts)
    ranks = (last_rank - (counts - 1) / 2)[inverse]
    return float((ranks[positive].sum() - clicks * (clicks + 1) / 2) / (clicks * others))


def best_auc(span: int, folder: Path = FOLDER) -> float:
    """Return the AUC of the true click probabilities on one span of a generated folder."""
    clicked = pyarrow.csv.read_csv(folder / "impressions" / f"span-{span}" / "impressions.csv")["clicked"]
    truth = pyarrow.csv.read_csv(folder / "truth" / f"span-{span}.csv")["click_probability"]
    return auc(clicked.to_numpy(), truth.to_numpy())
