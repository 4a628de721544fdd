from __future__ import annotations

import numpy as np
import pytest

from kit.drill.fidelity import compare, ndcg, overlap, r2, rank_correlation

MODEL = np.array([0.9, 0.1, 0.5, 0.3, 0.2, 0.8, 0.6, 0.4])


def test_the_model_itself_is_the_model() -> None:
    found = compare(MODEL, MODEL, 4, 2)
    assert (found.rank_correlation, found.overlap, found.r2) == pytest.approx((1, 1, 1))


def test_ranks_count_and_not_values() -> None:
    assert rank_correlation(MODEL**3, MODEL) == pytest.approx(1)
    assert rank_correlation(-MODEL, MODEL) == pytest.approx(-1)
    assert rank_correlation(np.ones(8), MODEL) == 0
    # 1 - 6 Σd² / (n (n² - 1)), without ties: one swap of neighbours among four
    assert rank_correlation(np.array([1.0, 2, 4, 3]), np.array([1.0, 2, 3, 4])) == pytest.approx(
        1 - 6 * 2 / 60
    )


def test_overlap_is_of_each_request() -> None:
    # The best two are places 0, 2 and 1, 2; of the other scores 0, 1 and 1, 2.
    assert overlap(np.array([9.0, 8, 1, 0, 0, 9, 8, 1]), MODEL, 4, 2) == pytest.approx(0.75)


def test_r2_is_the_explained_share() -> None:
    assert r2(np.full(8, MODEL.mean()), MODEL) == pytest.approx(0)
    assert r2(np.full(8, 9.0), MODEL) < 0
    assert r2(MODEL, np.ones(8)) == 0


def test_ndcg_by_hand() -> None:
    lists, labels = np.array([0, 0, 0, 1, 1]), np.array([0.0, 1, 1, 0, 0])
    scores = np.array([0.9, 0.8, 0.1, 0.5, 0.4])
    # List 1 has no positive row; in list 0 the only one of the first two is at place 2.
    assert ndcg(scores, labels, lists, 2) == pytest.approx((1 / np.log2(3)) / (1 + 1 / np.log2(3)))
    assert np.isnan(ndcg(scores, np.zeros(5), lists, 2))
