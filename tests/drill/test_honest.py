"""What protected scores are worth to honest users."""

from __future__ import annotations

import numpy as np
import pytest

from kit.drill.honest import Honest


def test_scores_that_say_nothing_earn_nothing_by_the_order_of_rows() -> None:
    """A protection rounds, and so makes many ties: in a log the clicked row of a request often comes first."""
    lists, labels = np.repeat(np.arange(3), 4), np.tile([1.0, 0.0, 0.0, 0.0], 3)
    honest = Honest(lists, labels, users=None, k=4, probabilities=True)
    assert honest.ndcg(np.full(12, 0.5)) == pytest.approx(1 / np.log2(5)), (
        "the clicked row counts as the last"
    )
    assert honest.ndcg(labels) == 1
    assert honest.ndcg(np.round(labels / 3 + 0.1, 0)) == honest.ndcg(np.full(12, 0.5))
