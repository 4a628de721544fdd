"""Metrics of scores against their definitions, ties among them."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from kit.evaluation.metrics.scores import auc, calibration, log_losses, ndcg, r2, ranks, top_overlap

DRAW = np.random.default_rng(11)
MODEL = np.array([0.9, 0.1, 0.5, 0.3, 0.2, 0.8, 0.6, 0.4])


def test_ranks_share_their_place() -> None:
    assert list(ranks(np.array([3.0, 1.0, 3.0, 9.0]))) == [2, 0.5, 2, 3.5]


@pytest.mark.parametrize("kind", [float, bool])
def test_auc_is_the_share_of_pairs_in_the_right_order(kind: type) -> None:
    scores = np.round(DRAW.random(60), 1)
    truth: np.ndarray = DRAW.integers(0, 2, 60).astype(kind)
    pairs = [
        (1.0 if high > low else 0.5 if high == low else 0.0)
        for high, low in itertools.product(scores[truth > 0], scores[truth == 0])
    ]
    assert auc(scores, truth) == pytest.approx(np.mean(pairs))


@pytest.mark.parametrize("truth", [np.zeros(2), np.ones(2), np.zeros(0)])
def test_auc_of_one_class_is_not_known(truth: np.ndarray) -> None:
    assert math.isnan(auc(np.array([0.1, 0.2])[: len(truth)], truth))


def test_log_loss_is_of_each_row_and_finite() -> None:
    expected = [-math.log(1e-7), -math.log(0.5), -math.log(0.75)]
    for truth in (np.array([1.0, 1.0, 0.0]), np.array([True, True, False])):
        assert log_losses(np.array([0.0, 0.5, 0.25]), truth) == pytest.approx(expected)


def test_calibration_is_the_mean_score_by_the_mean_label() -> None:
    assert calibration(np.array([0.5, 0.1]), np.array([True, False])) == pytest.approx(0.6)
    assert calibration(np.array([0.5, 0.1]), np.zeros(2)) == math.inf


def test_r2_is_the_explained_share() -> None:
    assert r2(MODEL, MODEL) == 1
    assert r2(np.full(8, MODEL.mean()), MODEL) == pytest.approx(0)
    assert r2(np.full(8, 9.0), MODEL) < 0
    assert math.isnan(r2(MODEL, np.ones(8)))
    assert math.isnan(r2(np.zeros(0), np.zeros(0)))
    assert r2(MODEL, np.ones(8), of_constant=0.0) == 0


def test_overlap_is_of_each_list() -> None:
    # The best two are places 0, 2 and 1, 2; of the other scores 0, 1 and 1, 2.
    assert top_overlap(np.array([9.0, 8, 1, 0, 0, 9, 8, 1]), MODEL, 4, 2) == pytest.approx(0.75)
    assert top_overlap(MODEL, MODEL, 4, 9) == 1, "a list has no more than its rows"


def test_ndcg_by_hand() -> None:
    lists, labels = np.array([0, 0, 0, 1, 1]), np.array([0.0, 1, 1, 0, 0])
    scores = np.array([0.9, 0.8, 0.1, 0.5, 0.4])
    # List 1 has no positive row; in list 0 the only one of the first two is at place 2.
    assert ndcg(scores, labels, lists, 2) == pytest.approx((1 / np.log2(3)) / (1 + 1 / np.log2(3)))
    assert np.isnan(ndcg(scores, np.zeros(5), lists, 2))


def test_ndcg_does_not_depend_on_the_order_of_rows() -> None:
    lists, labels, scores = DRAW.integers(0, 9, 90), DRAW.random(90) < 0.2, np.round(DRAW.random(90), 1)
    mixed = DRAW.permutation(90)
    assert ndcg(scores[mixed], labels[mixed], lists[mixed], 5) == pytest.approx(
        ndcg(scores, labels, lists, 5)
    )
