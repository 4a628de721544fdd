"""Whether rows come true as often as other rows with the same scores, and the avoidable loss where they do not.

A slice with more uncertain outcomes has a greater log loss by nature. A blind spot is something else: given the score,
outcomes in the slice are not what they are elsewhere. So scores are first recalibrated on the rest of the rows, and in
a slice a + (1 + b) * logit is tested: a is 0 where as much comes true as elsewhere, b is 0 where the scores rank as
well (Cox, Two further applications of a model for binary regression, Biometrika 45 (1958)).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Values: TypeAlias = NDArray[np.float64]

_LEAST = 1e-6  # probabilities are kept this far from 0 and 1
# Quantiles of the scores between which recalibration is a straight line. More of them would bend towards a blind spot
# of high scores, where there are few others.
_KNOTS = (0.25, 0.5, 0.75)
_RIDGE = 1e-3  # a ridge, for coefficients without evidence
_STEPS = 12  # of Newton's method; a fit that ends early claims too little evidence, not too much
_ENOUGH = 1e-6  # gain of log likelihood below which fitting ends
_LONGEST_STEP = 2.0
_HALVINGS = 8  # halvings of a step that would make the fit worse


def logits(probabilities: Values) -> Values:
    """Return the log odds of probabilities, which are kept a millionth away from 0 and 1."""
    kept = np.clip(probabilities, _LEAST, 1 - _LEAST)
    return np.asarray(np.log(kept) - np.log1p(-kept))


def sigmoid(logit: Values) -> Values:
    """Return the probabilities of log odds."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * logit)))


@dataclass(frozen=True, eq=False)
class Recalibration:
    """What a score means among some rows: a broken line from its log odds to those of the outcome.

    Attributes:
        knots: log odds at which the line may bend.
        coefficients: those of 1, of the log odds, and of their excess over each knot.
    """

    knots: Values
    coefficients: Values

    def __call__(self, logit: Values) -> Values:
        """Return the log odds of the outcome."""
        return np.asarray(self._terms(logit) @ self.coefficients)

    @classmethod
    def fit(cls, logit: Values, rows: Values, outcomes: Values) -> Recalibration:
        """Fit by maximum likelihood.

        Args:
            logit: [bins], log odds of the scores, rising.
            rows: [bins], how many rows have them.
            outcomes: [bins], how many of those came true.
        """
        share = np.cumsum(rows) / max(float(rows.sum()), 1.0)
        knots = np.unique(logit[np.minimum(np.searchsorted(share, _KNOTS), len(logit) - 1)])
        # Start where the mean rate is right: far away from it Newton's method diverges.
        rate, middle = (
            (outcomes.sum() + 1) / (rows.sum() + 2),
            float(rows @ logit) / max(float(rows.sum()), 1.0),
        )
        start = float(logits(np.array(rate))) - middle
        found = cls(knots, np.r_[start, 1.0, np.zeros(len(knots))])
        terms = found._terms(logit)

        def worth(coefficients: Values) -> float:
            line = terms @ coefficients
            held = _RIDGE / 2 * float(((coefficients - found.coefficients) ** 2).sum())
            return float((outcomes * line - rows * np.logaddexp(0, line)).sum()) - held

        now = found.coefficients
        for _ in range(_STEPS):
            probability = sigmoid(terms @ now)
            gradient = terms.T @ (outcomes - rows * probability) - _RIDGE * (now - found.coefficients)
            weight = rows * probability * (1 - probability)
            curvature = (terms * weight[:, None]).T @ terms + _RIDGE * np.eye(len(now))
            step = np.linalg.solve(curvature, gradient)
            tried = (now + step / 2**halved for halved in range(_HALVINGS))
            now = next((one for one in tried if worth(one) >= worth(now)), now)
        return cls(knots, now)

    def _terms(self, logit: Values) -> Values:
        above = [np.maximum(logit - knot, 0) for knot in self.knots]
        return np.stack([np.ones_like(logit), logit, *above], axis=-1)


@dataclass(frozen=True, eq=False)
class Fit:
    """How slices deviate from the recalibration, [slices].

    Attributes:
        gain: twice the log likelihood gained by fitting a and b; chi-squared with two degrees of freedom where a slice
            is like the rest.
        shift: a, in log odds: above 0, more comes true than elsewhere.
        slope: b; below 0, scores rank worse than elsewhere.
        middle: the log odds around which the scores are rotated.
    """

    gain: Values
    shift: Values
    slope: Values
    middle: Values

    def logit(self, expected: Values) -> Values:
        """Return the fitted log odds of a single slice, given the expected ones of its rows."""
        return np.asarray(expected + self.shift[0] + self.slope[0] * (expected - self.middle[0]))


def fit(expected: Values, rows: Values, outcomes: Values) -> Fit:
    """Fit a and b in each slice.

    Args:
        expected: [bins], log odds that the rest gives to the scores.
        rows: [slices, bins], how many rows have them.
        outcomes: [slices, bins], how many of those came true.
    """
    probability = sigmoid(expected)
    weight = rows * (probability * (1 - probability))
    middle = (weight @ expected) / np.maximum(weight.sum(axis=1), _LEAST)
    centred = expected - middle[:, None]
    shift, slope = np.zeros(len(rows)), np.zeros(len(rows))
    start = best = _likelihood(np.broadcast_to(expected, rows.shape), rows, outcomes)
    length = np.ones(len(rows))  # of the next step, as a fraction of Newton's
    for _ in range(_STEPS):
        now = sigmoid(expected + shift[:, None] + slope[:, None] * centred)
        residual, weight = outcomes - rows * now, rows * now * (1 - now)
        gradient, turning = residual.sum(axis=1), (residual * centred).sum(axis=1)
        plain = weight.sum(axis=1) + _RIDGE
        mixed = (weight * centred).sum(axis=1)
        square = (weight * centred**2).sum(axis=1) + _RIDGE
        determinant = plain * square - mixed**2
        up = shift + length * _short((square * gradient - mixed * turning) / determinant)
        steeper = slope + length * _short((plain * turning - mixed * gradient) / determinant)
        likelihood = _likelihood(expected + up[:, None] + steeper[:, None] * centred, rows, outcomes)
        better, is_over = likelihood >= best, bool((np.abs(likelihood - best) < _ENOUGH).all())
        shift, slope, best = (
            np.where(better, new, old) for new, old in ((up, shift), (steeper, slope), (likelihood, best))
        )
        if is_over:
            break
        length = np.where(better, 1.0, length / 2)
    return Fit(2 * (best - start), shift, slope, middle)


def _short(step: Values) -> Values:
    return np.asarray(np.clip(step, -_LONGEST_STEP, _LONGEST_STEP))


def _likelihood(logit: Values, rows: Values, outcomes: Values) -> Values:
    return np.asarray((outcomes * logit - rows * np.logaddexp(0, logit)).sum(axis=1))


def log_losses(logit: Values, outcomes: Values) -> Values:
    """Return the log loss of each row, in nats."""
    return np.asarray(np.logaddexp(0, logit) - outcomes * logit)


# The sums over the rows of a slice that tell `screen` whether it is worth fitting.
ROWS, RESIDUAL, WEIGHT, RESIDUAL_LOGIT, WEIGHT_LOGIT, WEIGHT_SQUARE = range(6)


def terms(expected: Values) -> Values:
    """Return the summands of `screen`, [2, bins, 6]: of rows that did not come true, and of those that did."""
    probability = sigmoid(expected)
    weight = probability * (1 - probability)
    both = []
    for outcome in (0.0, 1.0):
        residual = outcome - probability
        both.append(
            [
                np.ones_like(weight),
                residual,
                weight,
                residual * expected,
                weight * expected,
                weight * expected**2,
            ]
        )
    return np.moveaxis(np.array(both), 1, -1)


def screen(sums: Values) -> Values:
    """Return Rao's score statistic for a and b, [...], of sums [6, ...]: close to the gain of a fit, at no cost.

    Where few of many came true it can be half of the gain; what is fitted is chosen with that in mind.
    """
    weight = np.maximum(sums[WEIGHT], _LEAST)
    middle = sums[WEIGHT_LOGIT] / weight
    turning = sums[RESIDUAL_LOGIT] - middle * sums[RESIDUAL]
    spread = np.maximum(sums[WEIGHT_SQUARE] - middle * sums[WEIGHT_LOGIT], 0)
    slope = np.where(spread > _LEAST * weight, turning**2 / np.maximum(spread, _LEAST), 0)
    return np.asarray(sums[RESIDUAL] ** 2 / weight + slope)
