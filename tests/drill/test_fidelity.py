from __future__ import annotations

import numpy as np
import pytest

from kit.drill.fidelity import compare, rank_correlation

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


def test_a_model_that_says_the_same_of_all_rows_has_nothing_to_explain() -> None:
    assert compare(MODEL, np.ones(8), 4, 2).r2 == 0
