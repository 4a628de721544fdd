"""The attacker's surrogate: ridge regression in log odds on features, ids and random features.

Random features (Rahimi and Recht, Weighted Sums of Random Kitchen Sinks, NIPS 2008) let a linear model learn
interactions, and it is solved in closed form: the same queries behind many protections need one decomposition, so a
whole drill takes seconds where as many networks would take minutes. Nothing is drawn twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

_RANDOM = 512
_RIDGES = np.logspace(-5, 1, 13)  # times the rows
_FITTED = 0.8  # of the requests; the others select the ridge
_NEAR_ZERO = 1e-4
Values = NDArray[np.float64]
Features = NDArray[np.float32]


@dataclass(frozen=True)
class Surrogate:
    """A fitted surrogate of several sets of answers to the same queries.

    Attributes:
        weights: [features, sets].
        projection: the random projection that the features are made with.
        probabilities: whether answers are probabilities.
    """

    weights: Values
    projection: Features
    probabilities: bool

    def predict(self, dense: Features, ids: Features) -> Values:
        """Return what it would answer, [rows, sets]."""
        found = _design(dense, ids, self.projection) @ self.weights
        return np.asarray(1 / (1 + np.exp(-found)) if self.probabilities else found, np.float64)


class Learner:
    """The part shared by all answers to the same queries, and the costliest: features and their decompositions.

    Args:
        dense: [rows, features].
        ids: [rows, ids].
        candidates: rows of a request.
        seed: the seed of the random features.
    """

    def __init__(self, dense: Features, ids: Features, *, candidates: int, seed: int) -> None:
        draw = np.random.default_rng(seed)
        scale = 1 / np.sqrt(max(dense.shape[1], 1))
        self._projection = draw.normal(0, scale, (dense.shape[1] + 1, _RANDOM)).astype(np.float32)
        design = _design(dense, ids, self._projection)
        requests = len(design) // candidates
        self._cut = max(1, min(requests - 1, round(_FITTED * requests))) * candidates
        self._all, self._first = _Ridge(design), _Ridge(design[: self._cut])
        self._left_out = design[self._cut :]

    def fit(self, answers: Values, *, probabilities: bool) -> Surrogate:
        """Fit answers.

        The strength of the ridge is chosen for each set on held-out requests, so that noise in the answers is smoothed
        as far as that helps. Whole requests are held out: their rows have features in common, which would otherwise be
        learnt by heart.

        Args:
            answers: [rows, sets].
            probabilities: whether the answers are probabilities, which are fitted in log odds.
        """
        targets = to_odds(answers) if probabilities else answers
        ridges = _chosen(self._first, targets[: self._cut], self._left_out, targets[self._cut :])
        return Surrogate(self._all.solve(targets, ridges), self._projection, probabilities)


def to_odds(probabilities: Values) -> Values:
    """Return log odds, which stay finite for answers that were rounded to 0 or 1."""
    inside = np.clip(probabilities, _NEAR_ZERO, 1 - _NEAR_ZERO)
    return np.asarray(np.log(inside / (1 - inside)), np.float64)


def _design(dense: Features, ids: Features, projection: Features) -> Features:
    ones = np.ones((len(dense), 1), np.float32)
    random = np.maximum(np.concatenate([dense, ones], axis=1) @ projection, 0)
    return np.concatenate([ones, dense, ids, random], axis=1)


class _Ridge:
    """One decomposition, for any targets and any strength; made when first needed."""

    def __init__(self, design: Features) -> None:
        self._design = design

    @cached_property
    def _decomposed(self) -> tuple[Values, Values]:
        """Eigenvalues and eigenvectors of the features' Gram matrix."""
        gram = (self._design.T @ self._design).astype(np.float64)
        values, vectors = np.linalg.eigh(gram)
        return np.maximum(values, 0), vectors

    def solve(self, targets: Values, ridges: Values) -> Values:
        """Return weights [features, sets] for one strength per set, each multiplied by the number of rows."""
        moments = (self._design.T @ targets.astype(np.float32)).astype(np.float64)
        values, vectors = self._decomposed
        turned = vectors.T @ moments
        return np.asarray(
            vectors @ (turned / (values[:, None] + len(self._design) * ridges[None, :])), np.float64
        )


def _chosen(ridge: _Ridge, targets: Values, left_out: Features, their_targets: Values) -> Values:
    """Return for each set the ridge that is best on the held-out requests; the strongest if there are none."""
    sets = targets.shape[1]
    best, chosen = np.full(sets, np.inf), np.full(sets, _RIDGES[-1])
    if not len(left_out):
        return chosen
    for strength in _RIDGES:
        guessed = left_out @ ridge.solve(targets, np.full(sets, strength))
        error = ((guessed - their_targets) ** 2).mean(axis=0)
        chosen, best = np.where(error < best, strength, chosen), np.minimum(error, best)
    return chosen
