"""The rows of all slices of one to three facets, counted by score and outcome.

A facet is a small code a row, a score one of 64 bins. So a slice is a few cells of a table of counts, which holds all
that a fit needs: no slice is looked up in the rows. A table has the cells of all values of its facets; only those in
which something may be wrong are kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import prod

import numpy as np
from numpy.typing import NDArray

from kit.evaluation.blind_spots import calibration
from kit.evaluation.blind_spots.calibration import Values
from kit.evaluation.blind_spots.facets import Facet

MOST_FACETS = 3
_QUANTILE_BINS, _EVEN_BINS = 48, 16
_TAIL = 0.001  # beyond these quantiles a bin may be as wide as it is
_WIDEST = 0.5  # of the codes: ranges of three numbers at once are many, and wide ones among them say little
_FITTED = 50  # slices of one table, the most suspicious ones
_MOST_UNSEEN = 2.0  # times its score that a slice gains by a fit, at most; see `calibration.screen`

Part = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Bins:
    """Scores in bins that are narrow and hold about as many rows each.

    Attributes:
        of_row: [rows], the bin of each.
        logit: [bins], the mean log odds in each, rising.
    """

    of_row: NDArray[np.int64]
    logit: Values

    @classmethod
    def of(cls, logit: Values) -> Bins:
        """Cut at quantiles, and once more evenly, as the highest scores lie far from one another."""
        low, high = np.quantile(logit, (_TAIL, 1 - _TAIL))
        quantiles = np.quantile(logit, np.linspace(0, 1, _QUANTILE_BINS + 1)[1:-1])
        edges = np.unique(np.r_[quantiles, np.linspace(low, high, _EVEN_BINS + 1)])
        of_row = np.searchsorted(edges, logit, side="right")
        used, of_row = np.unique(of_row, return_inverse=True)
        return cls(of_row, np.bincount(of_row, logit, len(used)) / np.bincount(of_row, minlength=len(used)))


@dataclass(frozen=True)
class Slice:
    """A part of each of some facets.

    Attributes:
        facets: their places, rising.
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


@dataclass(frozen=True, eq=False)
class Table:
    """Counts of rows by the codes of some facets, outcome and bin: [*codes, 2, bins]."""

    facets: tuple[int, ...]
    counts: NDArray[np.int32]

    def without(self, counts: NDArray[np.int32]) -> Table:
        return Table(self.facets, self.counts - counts)


@dataclass(frozen=True)
class Suspect:
    """A slice, and twice the log likelihood that treating it by itself would gain."""

    slice: Slice
    rows: int
    gain: float


@dataclass(frozen=True, eq=False)
class Screened:
    """What of a table may be suspect.

    Attributes:
        table: whose slices are meant.
        places: the part of each facet, [slices, facets].
        most_gain: what none of them gains more than.
        least_gain: what a suspect has to gain.
    """

    table: Table
    places: NDArray[np.intp]
    most_gain: float
    least_gain: float


class Lattice:
    """All slices of rows.

    Args:
        facets: what they are cut by.
        bins: of the scores.
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
        self._parts, self._members = [], []
        for order in range(1, MOST_FACETS + 1):
            widest = _WIDEST if order == MOST_FACETS else 1.0
            parts = [np.array(facet.parts(widest)).reshape(-1, 2) for facet in facets]
            self._parts.append(parts)
            self._members.append([_members(facet, of) for facet, of in zip(facets, parts, strict=True)])
        self.choices = [0] * MOST_FACETS
        """How many slices of one, two and three facets have enough rows."""

    def whole(self) -> NDArray[np.int64]:
        """Return the counts of all rows, [2, bins]."""
        return self.counts_of(self._state)

    def state(self, inside: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the counts of some rows, [2, bins]."""
        return self.counts_of(self._state[inside])

    def counts_of(self, state: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.bincount(state, minlength=self._states).reshape(2, -1)

    def table(self, names: tuple[int, ...]) -> Table:
        """Count all rows by some facets."""
        return Table(names, self._count(names, self._state, None))

    def part(self, table: Table, inside: NDArray[np.intp]) -> NDArray[np.int32]:
        """Count some rows, by their places, as a table has them."""
        return self._count(table.facets, self._state[inside], inside)

    def choices_of_facets(self) -> Iterator[tuple[int, ...]]:
        """Yield the places of one to three facets, fewer ones first."""
        places = range(len(self.facets))
        for order in range(1, MOST_FACETS + 1):
            yield from combinations(places, order)

    def _count(
        self, names: tuple[int, ...], state: NDArray[np.int64], inside: NDArray[np.intp] | None
    ) -> NDArray[np.int32]:
        sizes = [self.facets[name].size + 1 for name in names]  # the last: in none of the parts
        cell = np.zeros(len(state), np.int64)
        for name, size in zip(names, sizes, strict=True):
            codes = self.facets[name].codes
            cell *= size
            cell += codes if inside is None else codes[inside]
        cell *= self._states
        cell += state
        counts = np.bincount(cell, minlength=prod(sizes) * self._states).reshape(*sizes, 2, -1)
        return counts[tuple(slice(0, size - 1) for size in sizes)].astype(np.int32)

    def look(self, table: Table, expected: Values) -> tuple[int, float]:
        """Return how many slices of a table have enough rows, and what none of them gains more than.

        Args:
            table: whose slices are meant.
            expected: [bins], log odds that the rest gives to the scores.
        """
        score, slices = self._scores(table, expected)
        return slices, _MOST_UNSEEN * float(score.max(initial=0))

    def screen(self, table: Table, expected: Values, least_gain: float) -> Screened:
        """Return slices that may gain so much, the most suspicious of the table.

        Args:
            table: whose slices are meant.
            expected: [bins], log odds that the rest gives to the scores.
            least_gain: of a fit.
        """
        of_parts, _ = self._scores(table, expected)
        score = of_parts.ravel()
        places = np.flatnonzero(score >= least_gain / _MOST_UNSEEN)
        if len(places) > _FITTED:
            places = places[np.argpartition(-score[places], _FITTED)[:_FITTED]]
        most_gain = _MOST_UNSEEN * float(score[places].max(initial=0))
        return Screened(
            table, np.stack(np.unravel_index(places, of_parts.shape), axis=-1), most_gain, least_gain
        )

    def _scores(self, table: Table, expected: Values) -> tuple[Values, int]:
        """Return the score of each slice, [*parts], 0 without enough rows, and how many have enough."""
        summands = calibration.terms(expected).reshape(self._states, -1)
        cells = table.counts.reshape(*table.counts.shape[:-2], self._states)
        sums = self._over_parts(table, np.moveaxis(cells @ summands, -1, 0))
        rows = sums[calibration.ROWS]
        enough = (rows >= self._least) & (rows <= self._most)
        return np.where(enough, calibration.screen(sums), 0.0), int(np.count_nonzero(enough))

    def suspects(self, screened: Screened, expected: Values) -> list[Suspect]:
        """Fit what was screened; return the slices that gain enough."""
        if not len(screened.places):
            return []
        slices = [self._slice(screened.table, place) for place in screened.places]
        counts = np.array([_counts(screened.table, one) for one in slices], float)
        gains = calibration.fit(expected, counts.sum(axis=1), counts[:, 1]).gain
        return [
            Suspect(one, int(count.sum()), float(gain))
            for one, count, gain in zip(slices, counts, gains, strict=True)
            if gain >= screened.least_gain
        ]

    def _over_parts(self, table: Table, sums: Values) -> Values:
        """Sum cells, [sums, *codes], to the parts of each facet, [sums, *parts]."""
        members, codes = self._members[len(table.facets) - 1], sums.shape[1:]
        for name, size in zip(table.facets, codes, strict=True):
            # The facet's codes stand second, and its parts come last: after all facets, the order is as it was.
            ahead = sums.reshape(len(sums), size, -1)
            sums = ahead.transpose(0, 2, 1) @ members[name]
        return sums.reshape(-1, *(members[name].shape[1] for name in table.facets))

    def _slice(self, table: Table, place: NDArray[np.intp]) -> Slice:
        of_facet = self._parts[len(table.facets) - 1]
        parts = [of_facet[name][index].tolist() for name, index in zip(table.facets, place, strict=True)]
        return Slice(table.facets, tuple((first, last) for first, last in parts))


def _members(facet: Facet, parts: NDArray[np.int64]) -> Values:
    """Return which codes are in which part, [codes, parts], as 1 or 0."""
    codes = np.arange(facet.size)[:, None]
    return np.asarray((codes >= parts[:, 0]) & (codes <= parts[:, 1]), float)


def _counts(table: Table, one: Slice) -> NDArray[np.int64]:
    """Return the counts of a slice of a table, [2, bins]."""
    cells = table.counts[tuple(slice(first, last + 1) for first, last in one.parts)]
    counts: NDArray[np.int64] = cells.sum(axis=tuple(range(len(one.parts))))
    return counts
