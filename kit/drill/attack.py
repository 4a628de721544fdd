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
        probabilities: whether scores are such.
    """

    project: Project
    settings: DrillSettings
    queries: pd.DataFrame
    judged: pd.DataFrame
    truth: Values
    probabilities: bool

    def points(self, answers: Values, queries: int) -> list[Point]:
        """Train on the first queries, a surrogate for each set of answers, and judge it.

        Args:
            answers: [rows, sets], of at least so many queries.
            queries: how many count.
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
        """Return what learns from the first queries; made once, as most of the time goes into it."""
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
    """Return what an attacker takes answers for: what is 0 because it is not among the best is well below those.

    That is by two in log odds below the least that is shown of its request, or by twice the spread of what is shown. Of
    what was tried on the sample (as good as the least; by one; by two; put in as the surrogate guesses it, again and
    again; left out) this extracted most.
    """
    lists = answers.reshape(-1, candidates)
    zero = lists == 0
    if not zero.any() or zero.all():
        return answers
    least = np.where(zero, np.inf, lists).min(axis=1, keepdims=True)
    least = np.where(np.isfinite(least), least, 0.0)  # a request of which nothing is shown
    in_odds = 1 / (1 + np.exp(_BELOW - to_odds(least)))
    below = in_odds if probabilities else least - _BELOW * float(lists[~zero].std())
    return np.where(zero, below, lists).reshape(-1)
