"""Ranking metrics as array formulas: figures of one list, and the sums over lists that give the metrics.

A list is the rows of one query, best score first. Of two rows with the same score the one without a click comes first,
so that a model that gives every row the same score gains nothing from the order of the rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kit.evaluation.metrics.scores import ndcg_of_list

Array: TypeAlias = NDArray[Any]

_FEWEST_ROWS = 2  # of a list: fewer have no pair to compare


@dataclass(frozen=True)
class ListFigures:
    """What one list adds to the metrics.

    Attributes:
        ndcg: normalized discounted cumulative gain of the first k, 0 to 1; None: the list has no positive row.
        reciprocal_rank: 1 / the rank of the first positive row; None: the list has none.
        hit: 1 where a positive row is among the first k, else 0; None: the list has none.
        diversity: the diversity of the first k, 0 to 1; None: there are fewer than two, or no attributes.
        shown: items of all rows [rows], those without a value left out.
        top: items of the first k.
    """

    ndcg: float | None
    reciprocal_rank: float | None
    hit: float | None
    diversity: float | None
    shown: Array
    top: Array


def measure_list(
    scores: Array, labels: Array, items: Array, attributes: Sequence[Array] = (), *, k: int
) -> ListFigures:
    """Measure one list.

    Args:
        scores: [rows], the higher the better.
        labels: [rows], above 0 where the row is positive.
        items: [rows] texts or numbers; an empty text is a row without an item.
        attributes: the attributes of the items, each [rows].
        k: how many of the list count as recommended.
    """
    positive = labels > 0
    order = np.lexsort((items, positive, -scores))
    ranked, first = positive[order], order[:k]
    has_item = items != items.dtype.type()
    if items.dtype.kind not in "SU":  # among numbers, 0 is an item like any other
        has_item = np.ones(len(items), bool)
    clicked = bool(ranked.any())
    return ListFigures(
        ndcg=ndcg_of_list(ranked, k) if clicked else None,
        reciprocal_rank=1 / (int(ranked.argmax()) + 1) if clicked else None,
        hit=float(ranked[:k].any()) if clicked else None,
        diversity=_diversity([values[first] for values in attributes]),
        shown=items[has_item],
        top=items[first][has_item[first]],
    )


def _diversity(attributes: list[Array]) -> float | None:
    """Return the share of pairs that differ, averaged over the attributes.

    One minus the intra-list similarity of Ziegler and others, Improving recommendation lists through topic
    diversification, WWW (2005), where two items are similar when their values are the same.
    """
    if not attributes or len(attributes[0]) < _FEWEST_ROWS:
        return None
    rows = len(attributes[0])
    same = [sum(count * (count - 1) for count in np.unique(one, return_counts=True)[1]) for one in attributes]
    return float(1 - np.mean(same) / (rows * (rows - 1)))


@dataclass
class _Mean:
    total: float = 0.0
    weight: float = 0.0

    def add(self, value: float | None, weight: float) -> None:
        if value is not None:
            self.total += weight * value
            self.weight += weight

    def merge(self, other: _Mean) -> None:
        self.total, self.weight = self.total + other.total, self.weight + other.weight

    @property
    def value(self) -> float:
        return self.total / self.weight if self.weight else float("nan")


def _means() -> dict[str, _Mean]:
    return {name: _Mean() for name in _MEANS}


_MEANS = {"ndcg_at_k": "ndcg", "mrr": "reciprocal_rank", "hit_rate_at_k": "hit", "diversity": "diversity"}


@dataclass
class ListSums:
    """Sums over lists, from which `metrics` are computed. Sums of parts can be merged.

    The catalogue is what was shown in the lists: the items that the model had to choose from.
    """

    _of_lists: dict[str, _Mean] = field(default_factory=_means)
    # For each item: its rows, and its share of every list and of every first k, summed over the lists.
    _items: dict[Any, tuple[float, float, float]] = field(default_factory=dict)

    def add(self, figures: ListFigures, weight: float = 1.0) -> Self:
        """Add a list, `weight` times."""
        for metric, name in _MEANS.items():
            self._of_lists[metric].add(getattr(figures, name), weight)
        for place, items in ((1, figures.shown), (2, figures.top)):
            for item, count in zip(*np.unique(items, return_counts=True), strict=True):
                sums = list(self._items.get(item, (0.0, 0.0, 0.0)))
                sums[0] += weight * count if place == 1 else 0.0
                sums[place] += weight * count / len(items)
                self._items[item] = (sums[0], sums[1], sums[2])
        return self

    def merge(self, other: ListSums) -> Self:
        for metric, mean in other._of_lists.items():
            self._of_lists[metric].merge(mean)
        for item, sums in other._items.items():
            mine = self._items.get(item, (0.0, 0.0, 0.0))
            self._items[item] = (mine[0] + sums[0], mine[1] + sums[1], mine[2] + sums[2])
        return self

    def metrics(self) -> Mapping[str, float]:
        """Return each ranking metric by its name in project.yml; NaN: no list has one."""
        means = {metric: mean.value for metric, mean in self._of_lists.items()}
        return {**means, "coverage": self._coverage(), "popularity_bias": self._popularity_bias()}

    def _coverage(self) -> float:
        """Return the share of the catalogue that is among the first k of any list.

        Catalogue coverage of Herlocker and others, Evaluating collaborative filtering recommender systems, ACM TOIS
        22 (2004).
        """
        shown = sum(rows > 0 for rows, _, _ in self._items.values())
        return sum(top > 0 for _, _, top in self._items.values()) / shown if shown else float("nan")

    def _popularity_bias(self) -> float:
        """Return how much more popular the recommended items are than the shown ones: 0: equally, 0.1: 10% more.

        The relative change of group average popularity, (GAP of the recommended - GAP of the profile) / GAP of the
        profile, of Abdollahpouri and others, The unfairness of popularity bias in recommendation, RMSE at RecSys
        (2019); the profile here is what was shown. The popularity of an item is its share of the rows.
        """
        shown = sum(rows * part for rows, part, _ in self._items.values())
        top = sum(rows * part for rows, _, part in self._items.values())
        return top / shown - 1 if shown else float("nan")
