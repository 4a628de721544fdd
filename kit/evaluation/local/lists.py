"""The kit's own ranking metrics (`kit.evaluation.metrics.ranking`), vectorized over all lists, with equal results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from kit.evaluation.local.formulas import Asked, Compute, divided, formula
from kit.evaluation.local.queries import Queries
from kit.evaluation.local.ranking import query_weights
from kit.evaluation.local.rows import NotLocalError, Sample, Slices, Values
from kit.evaluation.metrics import ranking

_FEWEST_ROWS = 2  # of a list: fewer have no pair to compare


class _Lists(NamedTuple):
    """The rows of all queries, each query's best first.

    Attributes:
        queries: the rows of each.
        order: rows, query by query.
        positive: whether each row is positive, in that order.
        top: whether each row is among the first k of its query.
        items: the number of each row's item; -1: none.
        attributes: the numbers of the items' attributes, each [rows].
        k: how many count as recommended.
    """

    queries: Queries
    order: Values
    positive: Values
    top: Values
    items: Values
    attributes: list[Values]
    k: int

    @property
    def of_row(self) -> Values:
        return self.queries.of_row[self.order]


def _lists(asked: Asked) -> _Lists:
    settings = asked.settings
    names = (settings["item_key"], *settings["attribute_keys"])
    return asked.once(f"lists of {names}, {settings['k']}", lambda: _make(asked, names, settings["k"]))


def _make(asked: Asked, names: tuple[str, ...], k: int) -> _Lists:
    queries = asked.one_output().by_query()
    query_weights(asked)  # TFMA refuses rows of a query with different weights
    items, *attributes = (_numbered(asked, name) for name in names)
    positive = asked.labels > 0
    # With equal scores a row without a click comes first, then the smaller item: see `measure_list`.
    order = np.lexsort((items, positive, -asked.predictions.astype(np.float64), queries.of_row))
    return _Lists(
        queries,
        order,
        positive[order],
        queries.ranks < k,
        items[order],
        [codes[order] for codes in attributes],
        k,
    )


def _numbered(asked: Asked, name: str) -> Values:
    """Return the first value of a feature in each row as a number in the order of the values; -1: none.

    Raises:
        NotLocalError: when it is a number that some rows lack.
    """
    pairs = asked.rows.features.get(name)
    if pairs is None:
        return np.full(asked.rows.count, -1)
    rows, first = np.unique(pairs.rows, return_index=True)
    values = pairs.values[first]
    is_text = values.dtype.kind in "OSU"
    if not is_text and len(rows) < asked.rows.count:
        raise NotLocalError(f"{name} is a number that some rows have not")
    if is_text:
        values = np.array([one.encode() if isinstance(one, str) else one for one in values], "S")
    found, codes = np.unique(values, return_inverse=True)
    if is_text and len(found) and found[0] == b"":
        codes = codes - 1  # an empty text is not an item, and sorts first
    numbers = np.full(asked.rows.count, -1)
    numbers[rows] = codes
    return numbers


def _mean_of(figure: Callable[[_Lists], Values]) -> Callable[[Asked], Compute]:
    """Return the formula of the mean of a figure over the lists that have it (the others are NaN)."""

    def mean(asked: Asked) -> Compute:
        figures = figure(_lists(asked))
        known = np.isfinite(figures)
        values = np.where(known, figures, 0.0)
        return lambda sample: {asked.key: divided(sample.sum(values), sample.sum(known))}

    return mean


def _first_place(lists: _Lists) -> Values:
    places = np.where(lists.positive, lists.queries.ranks + 1.0, np.inf)
    return np.minimum.reduceat(places, lists.queries.starts)


def _ndcg(lists: _Lists) -> Values:
    ranks, starts = lists.queries.ranks, lists.queries.starts
    discounts = np.where(lists.top, 1 / np.log2(ranks + 2), 0.0)
    positives = np.add.reduceat(lists.positive.astype(np.int64), starts)
    found = np.add.reduceat(discounts * lists.positive, starts)
    best = np.add.reduceat(discounts * (ranks < np.repeat(positives, lists.queries.sizes)), starts)
    return divided(found, np.where(positives > 0, best, 0.0))


def _reciprocal_rank(lists: _Lists) -> Values:
    first = _first_place(lists)
    return np.where(np.isfinite(first), 1 / first, np.nan)


def _hit(lists: _Lists) -> Values:
    first = _first_place(lists)
    return np.where(np.isfinite(first), (first <= lists.k).astype(np.float64), np.nan)


def _diversity(lists: _Lists) -> Values:
    of_row, count = lists.of_row[lists.top], lists.queries.count
    rows = np.bincount(of_row, minlength=count).astype(np.float64)
    if not lists.attributes:
        return np.full(count, np.nan)
    same = np.zeros(count)
    for codes in lists.attributes:
        width = int(codes.max(initial=0)) + 2  # codes begin at -1
        pairs, counts = np.unique(of_row * width + codes[lists.top] + 1, return_counts=True)
        same += np.bincount(pairs // width, counts * (counts - 1.0), count)
    return np.where(
        rows >= _FEWEST_ROWS, 1 - divided(same / len(lists.attributes), rows * (rows - 1)), np.nan
    )


formula(ranking.NDCGAtK)(_mean_of(_ndcg))
formula(ranking.MeanReciprocalRank)(_mean_of(_reciprocal_rank))
formula(ranking.HitRateAtK)(_mean_of(_hit))
formula(ranking.IntraListDiversity)(_mean_of(_diversity))


class _Items:
    """Sums for every item in every slice: rows, shares of the lists, and shares of what the lists recommend."""

    def __init__(self, lists: _Lists, slices: Slices) -> None:
        sizes, starts = lists.queries.sizes, lists.queries.starts
        repeats = sizes[slices.elements]
        within = np.arange(repeats.sum()) - np.repeat(np.cumsum(repeats) - repeats, repeats)
        rows = np.repeat(starts[slices.elements], repeats) + within
        self._membership = np.repeat(np.arange(len(slices.elements)), repeats)
        has_item = lists.items[rows] >= 0
        rows, self._membership = rows[has_item], self._membership[has_item]
        width = int(lists.items.max(initial=0)) + 1
        places, self._place = np.unique(
            slices.numbers[self._membership] * width + lists.items[rows], return_inverse=True
        )
        self._slice, self._count = places // width, len(slices.keys)
        self._parts = [self._part(lists, lists.items >= 0, rows), self._part(lists, lists.top, rows)]

    @staticmethod
    def _part(lists: _Lists, counted: Values, rows: Values) -> Values:
        """Return the share of its list that each row is, among the counted rows with an item."""
        counted = counted & (lists.items >= 0)
        sizes = np.bincount(lists.of_row, counted, lists.queries.count)
        return np.where(counted, 1 / np.maximum(sizes, 1)[lists.of_row], 0.0)[rows]

    def sums(self, sample: Sample) -> tuple[Values, Values, Values]:
        """Return rows, shown shares and recommended shares, each [items of slices]."""
        if id(self) not in sample.remembered:
            times = np.ones(len(sample.slices.elements)) if sample.times is None else sample.times
            weights = np.asarray(times, np.float64)[self._membership]
            columns = (weights, *(weights * part for part in self._parts))
            sample.remembered[id(self)] = tuple(
                np.bincount(self._place, column, len(self._slice)) for column in columns
            )
        return sample.remembered[id(self)]  # type: ignore[no-any-return]

    def total(self, values: Values) -> Values:
        return np.bincount(self._slice, values, self._count)


def _items(asked: Asked, sample: Sample) -> _Items:
    lists = _lists(asked)
    return asked.once(f"items of {id(lists)} in {id(sample.slices)}", lambda: _Items(lists, sample.slices))


@formula(ranking.CatalogueCoverage)
def _coverage(asked: Asked) -> Compute:
    _lists(asked)

    def compute(sample: Sample) -> dict[Any, Values]:
        items = _items(asked, sample)
        rows, _, top = items.sums(sample)
        return {asked.key: divided(items.total(top > 0), items.total(rows > 0))}

    return compute


@formula(ranking.PopularityBias)
def _popularity_bias(asked: Asked) -> Compute:
    _lists(asked)

    def compute(sample: Sample) -> dict[Any, Values]:
        items = _items(asked, sample)
        rows, shown, top = items.sums(sample)
        return {asked.key: divided(items.total(rows * top), items.total(rows * shown)) - 1}

    return compute
