"""The attacker's side: read scores out of answers, train a surrogate on them, and measure its fidelity."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kit.drill.encoder import Encoder
from kit.drill.fidelity import compare
from kit.drill.outcomes import Point
from kit.drill.settings import DrillSettings
from kit.drill.surrogate import Learner, to_odds
from kit.project import Project

_BELOW = 2.0
Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Attack:
    """The queries of an attack, and the requests that its surrogates are judged on.

    Attributes:
        project: says what the columns are.
        settings: the settings of the drill.
        queries: rows of all requests, one after another.
        judged: rows of requests that the attacker has not seen.
        truth: the model's own scores of those.
        probabilities: whether scores are probabilities.
    """

    project: Project
    settings: DrillSettings
    queries: pd.DataFrame
    judged: pd.DataFrame
    truth: Values
    probabilities: bool

    def points(self, answers: Values, queries: int) -> list[Point]:
        """Train a surrogate on the first queries for each set of answers, and judge it.

        Args:
            answers: [rows, sets], of at least that many queries.
            queries: the number of queries to use.
        """
        size = self.settings.candidates
        encoder, learner = self._prepared(queries)
        answers = answers[: queries * size]
        taken = [believed(one, size, probabilities=self.probabilities) for one in answers.T]
        surrogate = learner.fit(np.stack(taken, axis=1), probabilities=self.probabilities)
        guesses = surrogate.predict(*encoder.encode(self.judged))
        compared = [compare(one, self.truth, size, self.settings.best) for one in guesses.T]
        return [Point(queries, one.rank_correlation, one.overlap, one.r2) for one in compared]

    def _prepared(self, queries: int) -> tuple[Encoder, Learner]:
        """Return the learner on the first queries; cached, as it takes most of the time."""
        if queries not in self._known:
            size = self.settings.candidates
            rows = self.queries[: queries * size]
            encoder = Encoder.of(self.project, rows, size)
            learner = Learner(*encoder.encode(rows), candidates=size, seed=self.settings.seed)
            self._known[queries] = encoder, learner
        return self._known[queries]

    @cached_property
    def _known(self) -> dict[int, tuple[Encoder, Learner]]:
        return {}


def believed(answers: Values, candidates: int, *, probabilities: bool) -> Values:
    """Return the scores that an attacker infers: a 0, which means not among the best, is put well below the best.

    That is two in log odds below the least shown score of its request, or twice the spread of the shown ones. Of what
    was tried on the sample (equal to the least; lower by one; by two; imputed by the surrogate, iteratively; left out)
    this extracted most.
    """
    lists = answers.reshape(-1, candidates)
    zero = lists == 0
    if not zero.any() or zero.all():
        return answers
    least = np.where(zero, np.inf, lists).min(axis=1, keepdims=True)
    least = np.where(np.isfinite(least), least, 0.0)  # a request with no shown scores
    in_odds = 1 / (1 + np.exp(_BELOW - to_odds(least)))
    below = in_odds if probabilities else least - _BELOW * float(lists[~zero].std())
    return np.where(zero, below, lists).reshape(-1)
