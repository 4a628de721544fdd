"""Confidence intervals hold the truth as often as they promise, and follow published examples."""

from __future__ import annotations

import numpy as np
import pytest

from kit.evaluation.intervals import Values, interval

RUNS = 2000


def _auc(scores: Values, labels: Values) -> float:
    ranks = np.argsort(np.argsort(scores)) + 1.0
    positives = labels.sum()
    return float(
        (ranks[labels == 1].sum() - positives * (positives + 1) / 2) / (positives * (len(labels) - positives))
    )


def test_an_auc_as_in_the_paper() -> None:
    # Hanley and McNeil 1982: AUC 0.893 with 51 abnormal and 58 normal images has a standard error of 0.0303.
    bounds = interval("auc", np.array([0.893]), np.array([109.0]), np.array([51 / 109]))
    assert bounds is not None
    lower, upper = bounds
    assert (upper[0] - lower[0]) / 2 / 1.959964 == pytest.approx(0.0303, abs=0.003)


def test_auc_intervals_hold_the_truth_95_times_of_100() -> None:
    draw = np.random.default_rng(1)
    labels = np.repeat([1.0, 0.0], [60, 340])
    separation = 1.2
    found = np.array([_auc(draw.normal(labels * separation), labels) for _ in range(RUNS)])
    bounds = interval("auc", found, np.full(RUNS, 400.0), np.full(RUNS, 0.15))
    assert bounds is not None
    big = np.repeat([1.0, 0.0], [200_000, 200_000])
    truth = _auc(draw.normal(big * separation), big)
    assert 0.92 < np.mean((bounds[0] <= truth) & (truth <= bounds[1])) < 0.98


def test_accuracy_intervals_hold_the_truth_95_times_of_100() -> None:
    draw = np.random.default_rng(1)
    found = draw.binomial(80, 0.9, RUNS) / 80
    bounds = interval("accuracy", found, np.full(RUNS, 80.0), np.full(RUNS, np.nan))
    assert bounds is not None
    assert 0.93 < np.mean((bounds[0] <= 0.9) & (bounds[1] >= 0.9)) < 0.98


def test_where_there_is_nothing_to_say() -> None:
    one = np.array([0.7, 0.7, np.nan])
    bounds = interval("auc", one, np.array([50.0, 50.0, 0.0]), np.array([0.0, np.nan, 0.5]))
    assert bounds is not None
    assert np.isnan(bounds).all()
    assert interval("logloss", one, one, one) is None
