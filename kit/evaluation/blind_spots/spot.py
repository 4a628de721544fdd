"""A blind spot with its evidence, as views and reports show it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kit.evaluation.blind_spots.calibration import Fit, Values, log_losses
from kit.evaluation.blind_spots.facets import Condition
from kit.evaluation.intervals import Z, interval
from kit.evaluation.metrics.scores import auc

_FLAT = 0.5  # of a slope: scores that mean less than half of what they claim do not rank


@dataclass(frozen=True)
class Bounded:
    """A value with its 95% confidence interval; NaN where there is none."""

    value: float
    lower: float
    upper: float


@dataclass(frozen=True)
class BlindSpot:
    """A slice in which the model is worse than it is on other rows with the same scores.

    Attributes:
        conditions: the conditions that its rows fulfil.
        rows: the number of its rows.
        share: its share of all rows, 0 to 1.
        problem: the problem, in two or three words.
        observed: share of its rows that came true.
        expected: the share among the rest of the rows with the same scores.
        difference: observed minus expected.
        loss: mean log loss of its rows, in nats, with the meaning that scores have elsewhere.
        excess: how much of that right scores would save.
        harm: its avoidable loss as a fraction of the loss of all rows, 0 to 1.
        auc: the AUC in the slice.
        auc_rest: the AUC of the rows in no blind spot.
        model_loss: mean log loss of its rows with the scores as they are, which is TFMA's.
        p_value: probability of this much evidence by chance, in any of the searched slices; at most 1.
        entry: lines for project.yml that watch the slice.
    """

    conditions: tuple[Condition, ...]
    rows: int
    share: float
    problem: str
    observed: float
    expected: float
    difference: Bounded
    loss: float
    excess: Bounded
    harm: float
    auc: Bounded
    auc_rest: Bounded
    model_loss: float
    p_value: float
    entry: str = ""

    @property
    def name(self) -> str:
        return ", ".join(str(condition) for condition in self.conditions)

    def __str__(self) -> str:
        return (
            f"{self.problem} where {self.name}: of {self.rows:,} rows {self.observed:.1%} came true, "
            f"{self.expected:.1%} of others with the same scores."
        )


def difference(outcomes: Values, expected: Values, fitted: Values, dependence: float) -> Bounded:
    """Return the share that came true minus the expected one.

    Args:
        outcomes: [rows of the slice].
        expected: [rows], probabilities with the meaning that scores have elsewhere.
        fitted: [rows], probabilities by the fit in the slice.
        dependence: how many rows count as one independent row.
    """
    value = float((outcomes - expected).mean())
    margin = Z * float(np.sqrt((fitted * (1 - fitted)).sum() * dependence)) / len(outcomes)
    return Bounded(value, value - margin, value + margin)


def excess(gain: float, rows: int, dependence: float) -> Bounded:
    """Return the loss per row that a fit saves, less what two parameters save by chance.

    A gain is the squared distance of a normal estimate, so its root has a standard error of about 1.
    """
    nats = dependence / 2 / rows
    root = float(np.sqrt(gain / dependence))
    lower, upper = max(root - Z, 0.0), root + Z
    return Bounded(max(gain - 2 * dependence, 0.0) / 2 / rows, nats * lower**2, nats * upper**2)


def area(probabilities: Values, outcomes: Values) -> Bounded:
    """Return the AUC of rows with its interval."""
    value, share = np.array([auc(probabilities, outcomes)]), np.array([outcomes.mean()])
    bounds = interval("auc", value, np.array([float(len(outcomes))]), share)
    lower, upper = (float(bound[0]) for bound in bounds or (np.array([np.nan]),) * 2)
    return Bounded(float(value[0]), lower, upper)


def problem(fitted: Fit, by: Bounded) -> str:
    """Say what is wrong: with the level, with the order, or with both."""
    wrong = []
    if by.upper < 0:
        wrong.append("scores too high")
    elif by.lower > 0:
        wrong.append("scores too low")
    if fitted.slope[0] < -1:
        wrong.append("scores rank the wrong way round")
    elif fitted.slope[0] < _FLAT - 1:
        wrong.append("scores rank poorly")
    return ", ".join(wrong) or "scores too near or far from each other"


def mean_loss(expected: Values, outcomes: Values) -> float:
    """Return the mean log loss of log odds."""
    return float(log_losses(expected, outcomes).mean())
