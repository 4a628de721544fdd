"""What is known of fits in closed form, and of chance: the gain of a slice like the rest is chi-squared."""

from __future__ import annotations

import numpy as np
import pytest

from kit.evaluation.blind_spots.calibration import (
    Recalibration,
    fit,
    log_losses,
    logits,
    screen,
    sigmoid,
    terms,
)


def test_log_odds_and_back() -> None:
    probabilities = np.array([0.0, 0.001, 0.5, 0.999, 1.0])
    assert sigmoid(logits(probabilities)) == pytest.approx(np.clip(probabilities, 1e-6, 1 - 1e-6))


def test_right_scores_stay_as_they_are() -> None:
    logit = np.linspace(-4, 3, 60)
    found = Recalibration.fit(logit, np.full(60, 1e6), 1e6 * sigmoid(logit))
    assert found(logit) == pytest.approx(logit, abs=1e-3)


def test_a_shift_and_a_slope_of_all_scores_are_undone() -> None:
    logit = np.linspace(-4, 3, 60)
    truth = 0.5 * logit - 1
    found = Recalibration.fit(logit, np.full(60, 1e6), 1e6 * sigmoid(truth))
    assert found(logit) == pytest.approx(truth, abs=1e-3)


def test_scores_far_from_what_comes_true_are_fitted_all_the_same() -> None:
    """Newton's method alone would leap away from here and not return."""
    logit = np.linspace(-13, -9, 60)
    found = Recalibration.fit(logit, np.full(60, 1e4), np.full(60, 5e3))
    assert sigmoid(found(logit)) == pytest.approx(0.5, abs=1e-3)


def test_the_fit_of_a_constant_score_is_the_observed_share() -> None:
    """Twice the log likelihood ratio of a binomial: 2 (k log(k / np) + (n - k) log((n - k) / n(1 - p)))."""
    rows, outcomes, probability = 400.0, 70.0, 0.25
    found = fit(logits(np.array([probability])), np.array([[rows]]), np.array([[outcomes]]))
    expected = 2 * (
        outcomes * np.log(outcomes / (rows * probability))
        + (rows - outcomes) * np.log((rows - outcomes) / (rows * (1 - probability)))
    )
    assert found.gain[0] == pytest.approx(expected, rel=1e-4)
    assert found.shift[0] == pytest.approx(
        logits(np.array([0.175]))[0] - logits(np.array([0.25]))[0], abs=1e-3
    )


def test_a_slice_in_which_nothing_came_true_has_a_finite_gain() -> None:
    found = fit(logits(np.full(3, 0.1)), np.full((1, 3), 100.0), np.zeros((1, 3)))
    assert found.gain[0] == pytest.approx(-2 * 300 * np.log(0.9), rel=0.01)


def test_a_slice_whose_scores_say_nothing_has_no_slope() -> None:
    draw = np.random.default_rng(5)
    logit = draw.normal(-1, 1, 50_000)
    labels = (draw.random(50_000) < 0.3).astype(float)
    found = fit(logit, np.ones((1, 50_000)), labels[None])
    assert found.slope[0] == pytest.approx(-1, abs=0.05)
    assert sigmoid(found.logit(logit)).mean() == pytest.approx(labels.mean(), abs=1e-6)


def test_the_gain_of_slices_like_the_rest_is_chi_squared() -> None:
    draw = np.random.default_rng(7)
    expected = np.linspace(-4, 0, 20)
    rows = draw.integers(5, 60, (20_000, 20)).astype(float)
    outcomes = draw.binomial(rows.astype(int), sigmoid(expected)).astype(float)
    gain = fit(expected, rows, outcomes).gain
    assert gain.mean() == pytest.approx(2, abs=0.06)
    # exp(-gain / 2) is the probability of more: 1% of the slices have less than 1%.
    assert (np.exp(-gain / 2) < 0.01).mean() == pytest.approx(0.01, abs=0.0025)
    both = np.stack([rows - outcomes, outcomes], axis=1)
    score = screen(np.tensordot(terms(expected), both, axes=([0, 1], [1, 2])))
    assert np.corrcoef(score, gain)[0, 1] > 0.97
    assert (score > gain / 2 - 0.5).all(), "no slice with a large gain has a small score"


def test_log_losses_are_those_of_the_definition() -> None:
    probability, outcomes = np.array([0.2, 0.7]), np.array([1.0, 0.0])
    assert log_losses(logits(probability), outcomes) == pytest.approx(-np.log([0.2, 0.3]))
