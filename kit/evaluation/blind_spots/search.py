"""Greedy search: take the slice with the most evidence, remove its rows, and repeat until none is left.

A slice counts when chance explains its evidence with a probability of at most 1%, over all slices of up to three
facets together: each order gets a third of that, shared evenly by its slices (Bonferroni; Holm's steps would change
nothing where a few of a hundred thousand are found). So a slice of one facet need not pay for those of three, and a
further condition has to add more evidence than its many slices could have added by chance. Slices that only share
rows with a blind spot lose their evidence when its rows are left out.

Searching for slices that explain errors: Chung and others, Automated data slicing for model validation, IEEE
Transactions on Knowledge and Data Engineering 32 (2019). What is tested here is not their difference of mean losses, by
which every slice with uncertain outcomes is a problem, but avoidable loss (see `calibration`).
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from kit.evaluation.blind_spots import spot
from kit.evaluation.blind_spots.calibration import Fit, Recalibration, Values, fit, logits, sigmoid
from kit.evaluation.blind_spots.dependence import Dependence, Ids
from kit.evaluation.blind_spots.facets import Condition, Facet
from kit.evaluation.blind_spots.lattice import MOST_FACETS, Bins, Lattice, Scored, Slice, Suspect
from kit.evaluation.blind_spots.spot import BlindSpot
from kit.evaluation.blind_spots.table import Table
from kit.machine import cores

Rows = NDArray[np.bool_]
Item = TypeVar("Item")
Result = TypeVar("Result")

# Slices whose fault turns out to be their items' or users'; after this many the search ends.
_MOST_REFUSED = 500


@dataclass(frozen=True)
class Limits:
    """When a slice is a blind spot.

    Attributes:
        chance: the largest probability of finding anything where there is nothing, 0 to 1.
        least_rows: rows that a slice must have.
        least_share: as a share of all rows; the greater of the two holds.
        least_excess: the avoidable loss per row, as a fraction of the mean loss of all rows.
        most: the most blind spots to find.
    """

    chance: float = 0.01
    least_rows: int = 100
    least_share: float = 0.001
    least_excess: float = 0.01
    most: int = 20


@dataclass(frozen=True, eq=False)
class Judged:
    """Rows with what a model said and what came true.

    Attributes:
        outcomes: [rows], 1 where it came true, else 0.
        probabilities: [rows], those that the model gave it.
        facets: the facets that cut slices.
        ids: for each id column one code per row, [rows]; -1: none. Rows with the same id are not independent.
        only_more: whether only slices in which more comes true are blind spots, because it is an error.
        outcome: what came true, in words.
    """

    outcomes: Values
    probabilities: Values
    facets: Sequence[Facet]
    ids: Ids = field(default_factory=dict)
    only_more: bool = False
    outcome: str = "label is 1"


@dataclass(frozen=True)
class Searched:
    """The result of a search.

    Attributes:
        spots: the costliest first.
        rows: the rows that were searched.
        slices: the number of slices that chance could have chosen from.
        facets: the names of the facets that cut slices.
        outcome: what came true, in words.
        deepest: the most facets that cut a slice: fewer where there are many to choose from.
    """

    spots: tuple[BlindSpot, ...]
    rows: int
    slices: int
    facets: tuple[str, ...]
    outcome: str
    deepest: int = MOST_FACETS


def search(judged: Judged, limits: Limits | None = None) -> Searched:
    """Return the blind spots of rows, the costliest first.

    A million rows with twelve facets take some seconds, and 40 bytes per row beyond the rows.
    """
    limits = limits or Limits()
    names = tuple(
        f"{facet.derived} of {facet.column}" if facet.derived else facet.column for facet in judged.facets
    )
    found: list[BlindSpot] = []
    slices, deepest = 0, MOST_FACETS
    if judged.facets and len(judged.outcomes) and 0 < judged.outcomes.sum() < len(judged.outcomes):
        work = _Search(judged, limits)
        found, slices = list(work.spots()), sum(work.lattice.choices)
        deepest = work.lattice.deepest
    in_order = sorted(found, key=lambda one: -one.harm)
    return Searched(tuple(in_order), len(judged.outcomes), slices, names, judged.outcome, deepest)


def _side_by_side(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Yield the result of the work on each item, in order; NumPy lets other threads run while it multiplies.

    Each thread multiplies alone: BLAS's own threads on top would wait for one another, and double the work.
    """
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(cores()) as pool:
        yield from pool.map(work, items)


class _Search:
    def __init__(self, judged: Judged, limits: Limits) -> None:
        self._judged, self._limits, self._rows = judged, limits, len(judged.outcomes)
        self._logit = logits(judged.probabilities)
        self._bins = Bins.of(self._logit)
        self._free: Rows = np.ones(self._rows, bool)  # rows in no blind spot yet
        least = max(limits.least_rows, math.ceil(limits.least_share * self._rows))
        self.lattice = Lattice(judged.facets, self._bins, judged.outcomes, least=least, most=self._rows // 2)
        self._whole = self.lattice.whole()
        self._recalibrate()
        self._loss = spot.mean_loss(self._meaning(self._logit), judged.outcomes)
        self._refused: set[Slice] = set()

    def spots(self) -> Iterator[BlindSpot]:
        scored = self._suspicious()
        for _ in range(self._limits.most):
            chosen = self._choose(scored)
            if chosen is None:
                return
            one, found = chosen
            everywhere = one.of(self._judged.facets)
            # A slice mostly in known blind spots is the rim of one whose bounds lie between two buckets.
            is_rim = found.rows < everywhere.sum() / 2
            is_good = self._judged.only_more and found.difference.value <= 0
            if not is_rim and not is_good:
                yield found
            inside = everywhere & self._free
            self._leave_out(inside)
            scored = self._score_without(scored, np.flatnonzero(inside))

    def _leave_out(self, inside: Rows) -> None:
        self._whole = self._whole - self.lattice.state(inside)
        self._free &= ~inside
        self._recalibrate()

    def _recalibrate(self) -> None:
        rows, outcomes = self._whole.sum(axis=0).astype(float), self._whole[1].astype(float)
        self._meaning = Recalibration.fit(self._bins.logit, rows, outcomes)
        probability = sigmoid(self._meaning(self._logit))
        self._dependence = Dependence(
            self._judged.ids, self._judged.outcomes - probability, probability * (1 - probability), self._free
        )

    def _suspicious(self) -> list[Scored]:
        """Score all slices; keep the tables with one that might count."""
        expected, kept = self._meaning(self._bins.logit), []

        def look(facets: tuple[int, ...]) -> Scored:
            return self.lattice.score(self.lattice.table(facets), expected)

        for scored in _side_by_side(look, self.lattice.choices_of_facets()):
            order = len(scored.table.facets)
            self.lattice.choices[order - 1] += len(scored.places)
            # The number of slices is not known yet: a table is kept when in doubt.
            if scored.most_gain >= self._needed(order):
                kept.append(scored.above(self._needed(order)))
        return kept

    def _score_without(self, scored: Sequence[Scored], places: NDArray[np.intp]) -> list[Scored]:
        """Score tables again without some rows."""
        expected = self._meaning(self._bins.logit)

        def look(table: Table) -> Scored:
            left = table.without(self.lattice.table(table.facets, places))
            return self.lattice.score(left, expected).above(self._needed(len(table.facets)))

        return list(_side_by_side(look, [one.table for one in scored]))

    def _choose(self, scored: Sequence[Scored]) -> tuple[Slice, BlindSpot] | None:
        """Return the slice with the most evidence that the rows themselves confirm."""
        for suspect in self._suspects(scored):
            if found := self._proved(suspect):
                return suspect.slice, found
            self._refused.add(suspect.slice)
            if len(self._refused) == _MOST_REFUSED:
                break
        return None

    def _suspects(self, scored: Sequence[Scored]) -> Iterator[Suspect]:
        """Yield slices, the one with the most evidence first; a table is fitted when one of its slices may be next."""
        expected = self._meaning(self._bins.logit)
        waiting = []
        for place, one in enumerate(scored):
            order = len(one.table.facets)
            screened = self.lattice.screen(one, self._needed(order))
            if len(screened.places):
                waiting.append((self._log_chance(screened.most_gain, order), place, screened))
        heapq.heapify(waiting)
        ready: list[tuple[float, int, int, Suspect]] = []
        while waiting or ready:
            if waiting and (not ready or waiting[0][0] <= ready[0][0]):
                _, place, screened = heapq.heappop(waiting)
                needed = self._needed(len(screened.table.facets))
                for rank, suspect in enumerate(self.lattice.suspects(screened, expected, needed)):
                    if suspect.slice not in self._refused and self._matters(suspect.gain, suspect.rows):
                        heapq.heappush(ready, (self._log_chance_of(suspect), place, rank, suspect))
            else:
                yield heapq.heappop(ready)[-1]

    def _needed(self, order: int) -> float:
        return -2 * (
            math.log(self._limits.chance / MOST_FACETS) - math.log(max(self.lattice.choices[order - 1], 1))
        )

    def _log_chance(self, gain: float, order: int) -> float:
        """Return the log probability of such a gain in any slice: exp(-gain / 2) in one."""
        return math.log(MOST_FACETS * max(self.lattice.choices[order - 1], 1)) - gain / 2

    def _log_chance_of(self, suspect: Suspect) -> float:
        return self._log_chance(suspect.gain, len(suspect.slice.facets))

    def _matters(self, gain: float, rows: int) -> bool:
        return (gain / 2 - 1) / rows >= self._limits.least_excess * self._loss

    def _proved(self, suspect: Suspect) -> BlindSpot | None:
        """Return a suspect with its evidence from the rows, against the rest without it; None: not enough."""
        inside, order = suspect.slice.of(self._judged.facets) & self._free, len(suspect.slice.facets)
        dependence, enough = self._dependence.of(inside), math.log(self._limits.chance)
        if self._log_chance(suspect.gain / dependence, order) > enough:
            return None
        rest = (self._whole - self.lattice.state(inside)).astype(float)
        elsewhere = Recalibration.fit(self._bins.logit, rest.sum(axis=0), rest[1])
        expected, outcomes = elsewhere(self._logit[inside]), self._judged.outcomes[inside]
        fitted = fit(expected, np.ones((1, len(expected))), outcomes[None])
        gain = float(fitted.gain[0])
        # The recalibration is an estimate, too: the fewer the other rows, the less is known.
        dependence *= float(self._whole.sum() / max(rest.sum(), 1))
        chance = self._log_chance(gain / dependence, order)
        if chance > enough or not self._matters(gain, len(expected)):
            return None
        return self._spot(suspect.slice, inside, expected, fitted, dependence, math.exp(chance))

    def _spot(  # noqa: PLR0913, PLR0917  what was found of it
        self, one: Slice, inside: Rows, expected: Values, fitted: Fit, dependence: float, chance: float
    ) -> BlindSpot:  # fmt: skip
        outcomes, probabilities = self._judged.outcomes, self._judged.probabilities
        probability, better = sigmoid(expected), sigmoid(fitted.logit(expected))
        by = spot.difference(outcomes[inside], probability, better, dependence)
        rows, saved = len(expected), spot.excess(float(fitted.gain[0]), len(expected), dependence)
        others = self._free & ~inside
        return BlindSpot(
            conditions=self._conditions(one),
            rows=rows,
            share=rows / self._rows,
            problem=spot.problem(fitted, by),
            observed=float(outcomes[inside].mean()),
            expected=float(probability.mean()),
            difference=by,
            loss=spot.mean_loss(expected, outcomes[inside]),
            excess=saved,
            harm=saved.value * rows / (self._loss * self._rows),
            auc=spot.area(probabilities[inside], outcomes[inside]),
            auc_rest=spot.area(probabilities[others], outcomes[others]),
            model_loss=spot.mean_loss(self._logit[inside], outcomes[inside]),
            p_value=chance,
        )

    def _conditions(self, one: Slice) -> tuple[Condition, ...]:
        return tuple(
            self._judged.facets[name].condition(first, last)
            for name, (first, last) in zip(one.facets, one.parts, strict=True)
        )
