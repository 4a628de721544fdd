"""Count rows by facet codes, outcome and score bin.

While there are fewer rows than cells, few cells have a row: with 5,000 rows one in fifty. So only those are kept, and
sums take time in proportion to them.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from kit.evaluation.blind_spots.calibration import Values

_CROWDED = 8  # with rows in more than one cell of this many, a table is summed faster with the empty ones


@dataclass(frozen=True, eq=False)
class Table:
    """Counts of rows by cell: the codes of some facets and then the state, which is an outcome and a bin.

    Attributes:
        facets: their indices, rising.
        shape: the number of codes of each, and of states.
        cells: the indices of cells with rows, rising, in the flattened array of that shape.
        rows: the rows of each of these cells.
    """

    facets: tuple[int, ...]
    shape: tuple[int, ...]
    cells: NDArray[np.int64]
    rows: NDArray[np.int64]

    @classmethod
    def of(cls, facets: tuple[int, ...], shape: tuple[int, ...], cell_of_row: NDArray[np.int64]) -> Table:
        """Count rows by their cells."""
        size = prod(shape)
        if len(cell_of_row) * _CROWDED < size:
            return cls(facets, shape, *np.unique(cell_of_row, return_counts=True))
        counts = np.bincount(cell_of_row, minlength=size)
        cells = np.flatnonzero(counts)
        return cls(facets, shape, cells, counts[cells])

    def without(self, part: Table) -> Table:
        """Return the counts without those of some rows, counted by the same facets."""
        left = self.rows.copy()
        left[np.searchsorted(self.cells, part.cells)] -= part.rows
        some = left > 0
        return Table(self.facets, self.shape, self.cells[some], left[some])

    def counts(self) -> NDArray[np.int64]:
        """Return the rows of all cells, [*codes, states]."""
        counts = np.zeros(prod(self.shape), np.int64)
        counts[self.cells] = self.rows
        return counts.reshape(self.shape)

    def sums(self, summands: Values) -> Values:
        """Sum over the rows with the same codes.

        Args:
            summands: [states, sums], what a row with that state adds.

        Returns:
            [sums, *codes].
        """
        *codes, states = self.shape
        if len(self.cells) * _CROWDED > prod(self.shape):
            return np.moveaxis(self.counts().astype(float) @ summands, -1, 0)
        group, state = np.divmod(self.cells, states)
        sums = [
            np.bincount(group, self.rows * of_state[state], minlength=prod(codes)) for of_state in summands.T
        ]
        return np.array(sums, float).reshape(-1, *codes)
