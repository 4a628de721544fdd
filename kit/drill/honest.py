"""The honest users' side: labelled rows as they were requested, and how good protected scores are for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kit.drill.population import Population
from kit.evaluation.metrics.scores import auc, ndcg, r2
from kit.project import Project
from kit.serving.protect import Protection, protect

USER = "user"
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Honest:
    """The rows.

    Attributes:
        lists: the number of each row's list; None where there are no lists.
        labels: the labels of the rows.
        users: who asked for each row; None where that is not known.
        k: how many of a list count as its top.
        probabilities: whether scores are probabilities.
    """

    lists: NDArray[np.int64] | None
    labels: Values
    users: NDArray[np.int64] | None
    k: int
    probabilities: bool

    @classmethod
    def of(cls, project: Project, population: Population, labels: Values) -> Self:
        """Return the rows of a split; the user is the first column of ids that does not follow from the candidate."""
        rows, ranking = population.rows, project.spec.ranking
        binary = project.spec.task == "binary"
        if population.query is None or ranking is None:
            return cls(None, labels, None, 1, binary)
        ids = (name for name, column in project.columns.items() if column.kind == "id")
        user = next((name for name in ids if name not in population.of_item), None)
        users = _codes(rows[user]) if user else None
        return cls(_codes(rows[population.query]), labels, users, ranking.k, binary)

    @property
    def quality_name(self) -> str:
        return "AUC" if self.probabilities else "R²"

    def quality(self, scores: Values) -> float:
        return auc(scores, self.labels) if self.probabilities else r2(scores, self.labels, of_constant=0.0)

    def ndcg(self, scores: Values) -> float | None:
        if self.lists is None or not self.probabilities:
            return None
        found = ndcg(scores, self.labels, self.lists, self.k)
        return None if np.isnan(found) else found

    def shown(self, scores: Values, protection: Protection, secret: bytes) -> Values:
        """Return each list of scores as users see it."""
        if self.lists is None:
            # One row per request: there is no list to choose the best of.
            alone = protection.model_copy(update={"top_k": None})
            return protect(scores, alone, USER, secret, probabilities=self.probabilities)
        found = np.empty_like(scores)
        for places in pd.Series(self.lists).groupby(self.lists).indices.values():
            found[places] = protect(
                scores[places], protection, USER, secret, probabilities=self.probabilities
            )
        return found

    def refused(self, limit: int) -> float:
        """Return the share of requests beyond a limit per user, as if all rows were of one day."""
        if self.lists is None or self.users is None:
            return 0.0
        asked = pd.DataFrame({"user": self.users, "list": self.lists}).drop_duplicates()
        counts = asked["user"].value_counts()
        return float((counts - limit).clip(lower=0).sum() / counts.sum())


def _codes(column: pd.Series[Any]) -> NDArray[np.int64]:
    return np.asarray(pd.factorize(column)[0], np.int64)
