from __future__ import annotations

import numpy as np
import pytest

from kit.drill.attack import believed
from kit.drill.fidelity import rank_correlation
from kit.drill.surrogate import Learner, Surrogate, to_odds

SIZE = 20


def queries(requests: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return features, ids and true log odds, which have an interaction and an effect of each id."""
    draw = np.random.default_rng(seed)
    dense = draw.normal(size=(requests * SIZE, 4)).astype(np.float32)
    ids = np.eye(8, dtype=np.float32)[draw.integers(0, 8, len(dense))]
    odds = dense[:, 0] + 2 * dense[:, 1] * dense[:, 2] + ids @ np.linspace(-1, 1, 8)
    return dense, ids, odds


def fitted(requests: int, *answers: np.ndarray) -> Surrogate:
    dense, ids, _ = queries(requests, 1)
    learner = Learner(dense, ids, candidates=SIZE, seed=0)
    return learner.fit(np.stack(answers, 1), probabilities=True)


def test_it_learns_interactions_and_ids_from_answers_alone() -> None:
    dense, ids, odds = queries(50, 2)
    truth = 1 / (1 + np.exp(-odds))
    _, _, asked = queries(200, 1)
    found = fitted(200, 1 / (1 + np.exp(-asked))).predict(dense, ids)[:, 0]
    assert rank_correlation(found, truth) > 0.95
    _, _, fewer = queries(5, 1)
    worse = fitted(5, 1 / (1 + np.exp(-fewer))).predict(dense, ids)[:, 0]
    assert rank_correlation(worse, truth) < rank_correlation(found, truth)


def test_sets_of_answers_do_not_know_of_each_other() -> None:
    dense, ids, _ = queries(30, 2)
    _, _, odds = queries(30, 1)
    one, noise = 1 / (1 + np.exp(-odds)), np.random.default_rng(0).uniform(size=len(odds))
    both, alone = fitted(30, one, noise).predict(dense, ids), fitted(30, one).predict(dense, ids)
    assert both[:, 0] == pytest.approx(alone[:, 0], abs=1e-4)


def test_a_single_query_is_enough_to_be_fitted() -> None:
    _, _, odds = queries(1, 1)
    assert np.isfinite(fitted(1, 1 / (1 + np.exp(-odds))).weights).all()


def test_what_is_not_among_the_best_is_believed_below_them() -> None:
    shown = np.array([0.9, 0.0, 0.5, 0.0])
    taken = believed(shown, 4, probabilities=True)
    assert taken[[0, 2]].tolist() == [0.9, 0.5]
    assert to_odds(taken[1]) == pytest.approx(to_odds(np.array(0.5)) - 2)
    amounts = believed(np.array([9.0, 0.0, 5.0, 0.0]), 4, probabilities=False)
    assert amounts.tolist() == [9.0, 1.0, 5.0, 1.0]
    assert believed(shown + 0.01, 4, probabilities=True).tolist() == (shown + 0.01).tolist()
