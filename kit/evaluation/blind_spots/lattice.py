"""Counts by score and outcome for every slice of one to three facets.

A facet is one code per row, a score one of 64 bins. So a slice is a few cells of a table of counts, which holds all
that a fit needs: no slice is looked up in the rows. A table has the cells of all values of its facets; only those in
which something may be wrong are kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from kit.evaluation.blind_spots import calibration
from kit.evaluation.blind_spots.calibration import Values
from kit.evaluation.blind_spots.facets import Facet
from kit.evaluation.blind_spots.table import Table

MOST_FACETS = 3
_MOST_TABLES = 10_000  # three of 40 facets, two of 140: 300 columns have 4.5 million triples
_QUANTILE_BINS, _EVEN_BINS = 48, 16
_TAIL = 0.001  # beyond these quantiles bins may be wide
_WIDEST = 0.5  # of the codes: there are many ranges of three numbers, and wide ones say little
_FITTED = 50  # slices of one table, the most suspicious ones
_MOST_UNSEEN = 2.0  # times its score: the most that a slice gains by a fit, see `calibration.screen`

Part = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Bins:
    """Scores in narrow bins of about equally many rows.

    Attributes:
        of_row: [rows], the bin of each.
        logit: [bins], the mean log odds in each, rising.
    """

    of_row: NDArray[np.int64]
    logit: Values

    @classmethod
    def of(cls, logit: Values) -> Bins:
        """Cut at quantiles, and once more evenly, as the highest scores are far apart."""
        low, high = np.quantile(logit, (_TAIL, 1 - _TAIL))
        quantiles = np.quantile(logit, np.linspace(0, 1, _QUANTILE_BINS + 1)[1:-1])
        edges = np.unique(np.r_[quantiles, np.linspace(low, high, _EVEN_BINS + 1)])
        of_row = np.searchsorted(edges, logit, side="right")
        used, of_row = np.unique(of_row, return_inverse=True)
        return cls(of_row, np.bincount(of_row, logit, len(used)) / np.bincount(of_row, minlength=len(used)))


@dataclass(frozen=True)
class Slice:
    """A slice: one part of each of some facets.

    Attributes:
        facets: their indices, rising.
        parts: first and last code of each.
    """

    facets: tuple[int, ...]
    parts: tuple[Part, ...]

    def of(self, facets: Sequence[Facet]) -> NDArray[np.bool_]:
        """Return which rows are in it."""
        inside: NDArray[np.bool_] = np.ones(len(facets[0].codes), bool)
        for place, (first, last) in zip(self.facets, self.parts, strict=True):
            codes = facets[place].codes
            inside &= codes == first if first == last else (codes >= first) & (codes <= last)
        return inside


@dataclass(frozen=True)
class Suspect:
    """A slice, and twice the log likelihood gained by treating it separately."""

    slice: Slice
    rows: int
    gain: float


@dataclass(frozen=True, eq=False)
class Scored:
    """Slices of a table, and their scores.

    Attributes:
        table: the table of the slices.
        places: the indices of the slices among all combinations of the facets' parts, flattened, [slices].
        scores: [slices], close to the gain of a fit; see `calibration.screen`.
    """

    table: Table
    places: NDArray[np.intp]
    scores: Values

    @property
    def most_gain(self) -> float:
        """An upper bound of their gains."""
        return _MOST_UNSEEN * float(self.scores.max(initial=0))

    def above(self, least_gain: float) -> Scored:
        """Return those that may gain this much."""
        return self.part(np.flatnonzero(self.scores >= least_gain / _MOST_UNSEEN))

    def part(self, which: NDArray[np.intp] | slice) -> Scored:
        """Return some of them."""
        return Scored(self.table, self.places[which], self.scores[which])


class Lattice:
    """All slices of rows.

    Args:
        facets: the facets that cut them.
        bins: the bins of the scores.
        outcomes: [rows], 0 or 1.
        least: rows that a slice must have.
        most: rows that it may have.
    """

    def __init__(
        self, facets: Sequence[Facet], bins: Bins, outcomes: Values, *, least: int, most: int
    ) -> None:
        self.facets, self._bins, self._least, self._most = facets, bins, least, most
        self._states = 2 * len(bins.logit)
        self._state = outcomes.astype(np.int64) * len(bins.logit) + bins.of_row
        self._all_known = [bool((facet.codes < facet.size).all()) for facet in facets]
        self._parts, self._members = [], []
        for order in range(1, MOST_FACETS + 1):
            widest = _WIDEST if order == MOST_FACETS else 1.0
            parts = [np.array(facet.parts(widest)).reshape(-1, 2) for facet in facets]
            self._parts.append(parts)
            self._members.append([_members(facet, of) for facet, of in zip(facets, parts, strict=True)])
        self.choices = [0] * MOST_FACETS
        """How many slices of one, two and three facets have enough rows."""

    @property
    def deepest(self) -> int:
        """The most facets that cut a slice: fewer for a wide table, which has too many triples."""
        orders = range(MOST_FACETS, 1, -1)
        return next((order for order in orders if comb(len(self.facets), order) <= _MOST_TABLES), 1)

    def whole(self) -> NDArray[np.int64]:
        """Return the counts of all rows, [2, bins]."""
        return self.counts_of(self._state)

    def state(self, inside: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the counts of some rows, [2, bins]."""
        return self.counts_of(self._state[inside])

    def counts_of(self, state: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.bincount(state, minlength=self._states).reshape(2, -1)

    def table(self, names: tuple[int, ...], inside: NDArray[np.intp] | None = None) -> Table:
        """Count rows by some facets.

        Args:
            names: the indices of the facets.
            inside: the indices of the rows; None: all rows.
        """
        sizes = [self.facets[name].size for name in names]
        cell, known = np.zeros(len(self._state if inside is None else inside), np.int64), None
        for name, size in zip(names, sizes, strict=True):
            codes = self.facets[name].codes if inside is None else self.facets[name].codes[inside]
            cell *= size
            cell += codes
            if not self._all_known[name]:
                here = codes < size
                known = here if known is None else known & here
        cell *= self._states
        cell += self._state if inside is None else self._state[inside]
        return Table.of(names, (*sizes, self._states), cell if known is None else cell[known])

    def choices_of_facets(self) -> Iterator[tuple[int, ...]]:
        """Yield the indices of one to `deepest` facets, fewer ones first."""
        places = range(len(self.facets))
        for order in range(1, self.deepest + 1):
            yield from combinations(places, order)

    def score(self, table: Table, expected: Values) -> Scored:
        """Score the slices of a table that have enough rows.

        Args:
            table: the table of the slices.
            expected: [bins], log odds that the rest gives to the scores.
        """
        summands = calibration.terms(expected).reshape(self._states, -1)
        *others, last = (self._members[len(table.facets) - 1][name] for name in table.facets)
        sums = table.sums(summands)
        for members in others:
            # The facet's codes are second, and its parts come last: after all facets the order is the original one.
            ahead = sums.reshape(len(sums), len(members), -1)
            sums = ahead.transpose(0, 2, 1) @ members
        by_last = sums.reshape(len(sums), len(last), -1).transpose(0, 2, 1)
        # Most slices have too few rows: so rows are counted first, and all else is summed only for the others.
        rows = by_last[calibration.ROWS] @ last
        enough = (rows >= self._least) & (rows <= self._most)
        some = np.flatnonzero(enough.any(axis=1))
        score = calibration.screen((by_last[:, some] @ last)[:, enough[some]])
        return Scored(table, np.flatnonzero(enough), score)

    def screen(self, scored: Scored, least_gain: float) -> Scored:
        """Return the slices of a table that may gain this much, the most suspicious ones at most.

        Args:
            scored: slices of the table.
            least_gain: the least gain that a fit must have.
        """
        scored = scored.above(least_gain)
        if len(scored.places) <= _FITTED:
            return scored
        return scored.part(np.argpartition(-scored.scores, _FITTED)[:_FITTED])

    def suspects(self, screened: Scored, expected: Values, least_gain: float) -> list[Suspect]:
        """Fit the screened slices; return those that gain enough."""
        if not len(screened.places):
            return []
        of_cells, slices = screened.table.counts(), list(self._slices(screened))
        counts = np.array([_counts(of_cells, one) for one in slices], float).reshape(len(slices), 2, -1)
        gains = calibration.fit(expected, counts.sum(axis=1), counts[:, 1]).gain
        return [
            Suspect(one, int(count.sum()), float(gain))
            for one, count, gain in zip(slices, counts, gains, strict=True)
            if gain >= least_gain
        ]

    def _slices(self, scored: Scored) -> Iterator[Slice]:
        facets = scored.table.facets
        parts = [self._parts[len(facets) - 1][name] for name in facets]
        indices = np.unravel_index(scored.places, [len(of_facet) for of_facet in parts])
        bounds = [of_facet[index].tolist() for of_facet, index in zip(parts, indices, strict=True)]
        for chosen in zip(*bounds, strict=True):
            yield Slice(facets, tuple((first, last) for first, last in chosen))


def _members(facet: Facet, parts: NDArray[np.int64]) -> Values:
    """Return which codes are in which part, [codes, parts], as 1 or 0."""
    codes = np.arange(facet.size)[:, None]
    return np.asarray((codes >= parts[:, 0]) & (codes <= parts[:, 1]), float)


def _counts(of_cells: NDArray[np.int64], one: Slice) -> NDArray[np.int64]:
    """Return the counts of a slice of a table, [states]."""
    cells = of_cells[tuple(slice(first, last + 1) for first, last in one.parts)]
    counts: NDArray[np.int64] = cells.sum(axis=tuple(range(len(one.parts))))
    return counts
