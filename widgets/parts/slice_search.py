"""Which slices are shown, in which order; vectorized, as the columns are too long for a Python loop."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from widgets.values.slices import Column, Metric, SliceTable

SLICE, EXAMPLES = "slice", "examples"  # columns to sort by besides the metrics

Rows: TypeAlias = NDArray[np.intp]


class SliceSearch:
    """Finds and sorts the rows of a table; each sorting is done once and kept."""

    def __init__(self, table: SliceTable) -> None:
        self._table = table
        self._cuts = np.array(table.cuts, dtype=object)
        self.sorted = lru_cache(maxsize=16)(self._sorted)

    def rows(self, order: tuple[str, bool], words: str = "", cut: str = "", at_least: float = 0.0) -> Rows:
        """Rows with all words in their name, with the chosen cut and enough examples, in order."""
        rows = self.sorted(*order)
        keep = self._table.examples >= at_least
        if cut:
            keep &= self._cuts == cut
        for word in words.casefold().split():
            keep &= np.fromiter((word in name for name in self._folded), bool, len(self._folded))
        return rows[keep[rows]]

    @cached_property
    def failing(self) -> NDArray[np.bool_]:
        """Slices on which the judged model misses any threshold."""
        failing = np.zeros(len(self._table.names), dtype=bool)
        for metric in self._table.judged:
            failing |= metric.failing
        return failing

    @cached_property
    def _folded(self) -> list[str]:
        return [name.casefold() for name in self._table.names]

    def _sorted(self, column: str, backwards: bool) -> Rows:
        """All rows by a column: names from A, most examples first, worst values first; NaN stays last."""
        if column == SLICE:
            rows = np.array(sorted(range(len(self._folded)), key=self._folded.__getitem__), dtype=np.intp)
            return rows[::-1] if backwards else rows
        keys = self._keys(column)
        return np.argsort(-keys if backwards else keys, kind="stable")

    def _keys(self, column: str) -> Column:
        if column == EXAMPLES:
            return -self._table.examples
        metric = metric_named(column, self._table)
        return metric.values if metric.larger_is_better else -metric.values


def metric_named(name: str, table: SliceTable) -> Metric:
    """A metric of the judged model.

    Raises:
        KeyError: when the model has no metric of that name.
    """
    return {metric.name: metric for metric in table.judged}[name]
