"""A bounded sample of the rows, for checks that need values side by side, such as ranks."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from kit.checks.rows import Rows

MOST_ROWS = 1 << 17


class Sample:
    """Keeps every row up to 131,072 and then every second, fourth, ... of all, so that memory is bounded.

    Args:
        columns: the columns that are kept.
        most: the most rows that are kept; with more rows, between half of it and all of it.
    """

    def __init__(self, columns: Iterable[str], most: int = MOST_ROWS) -> None:
        self._columns, self._most = tuple(columns), most
        self._step, self._next, self._count = 1, 0, 0
        self._kept: list[pa.RecordBatch] = []

    def add(self, rows: Rows) -> None:
        if self._next < len(rows):
            taken = rows.every(self._step, self._next)
            self._kept.append(taken.select([name for name in self._columns if name in rows.names]))
            self._count += taken.num_rows
            self._next += taken.num_rows * self._step
        self._next -= len(rows)
        while self._count > self._most:
            self._thin()

    @property
    def step(self) -> int:
        """The sample has one in this many rows."""
        return self._step

    def rows(self) -> Rows:
        """Return what was kept."""
        if not self._kept:
            return Rows(pa.RecordBatch.from_pylist([]))
        table = pa.concat_tables(
            [pa.Table.from_batches([batch]) for batch in self._kept], promote_options="permissive"
        )
        [batch] = table.combine_chunks().to_batches() or [pa.RecordBatch.from_pylist([])]
        return Rows(batch)

    def _thin(self) -> None:
        """Keep every second row, and move the place of the next one accordingly."""
        first = 0
        thinned = []
        for batch in self._kept:
            thinned.append(batch.take(pa.array(np.arange(first, batch.num_rows, 2))))
            first = (first - batch.num_rows) % 2
        self._next += first * self._step
        self._kept, self._step = thinned, self._step * 2
        self._count = sum(batch.num_rows for batch in thinned)
