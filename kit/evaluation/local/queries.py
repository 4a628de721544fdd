"""Rows grouped by query: TFMA takes a query's rows as one element, in every slice that any of them is in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from kit.evaluation.local.rows import Rows, Slices, Values


@dataclass(frozen=True)
class Queries:
    """The rows of each query.

    Attributes:
        key: the feature that identifies queries.
        of_row: the query of each row, int64 [rows].
        count: the number of queries.
    """

    key: str
    of_row: Values
    count: int

    @classmethod
    def of(cls, rows: Rows, key: str) -> Queries:
        """Group rows by query, by a feature.

        Raises:
            NotLocalError: when a row does not have exactly one value of it.
        """
        codes, found = pd.factorize(rows.one_value(key))
        return cls(key, codes.astype(np.int64), len(found))

    def slices(self, of_rows: Slices) -> Slices:
        """Return the slices of queries: each has the queries with a row in it."""
        memberships = np.unique(of_rows.numbers * self.count + self.of_row[of_rows.elements])
        numbers, queries = np.divmod(memberships, self.count)
        return Slices(of_rows.keys, queries, np.searchsorted(numbers, np.arange(len(of_rows.keys))))

    def order(self, predictions: Values) -> Values:
        """Return the rows query by query, the highest prediction first, int64 [rows].

        Like TFMA, which sorts ascending and reverses: of equal predictions the later row comes first.
        """
        ascending = np.lexsort((np.arange(len(predictions)), predictions, self.of_row))
        sizes = self.sizes
        ends = np.cumsum(sizes)
        within = np.arange(len(predictions)) - np.repeat(ends - sizes, sizes)
        return np.asarray(ascending[np.repeat(ends - 1, sizes) - within])

    @property
    def sizes(self) -> Values:
        """The number of rows of each query, [queries]."""
        return np.bincount(self.of_row, minlength=self.count)

    @property
    def ranks(self) -> Values:
        """The rank of each row of `order` in its query, from 0, [rows]."""
        sizes = self.sizes
        return np.asarray(np.arange(len(self.of_row)) - np.repeat(np.cumsum(sizes) - sizes, sizes))

    @property
    def starts(self) -> Values:
        """Where each query begins in `order`, [queries]."""
        sizes = self.sizes
        return np.cumsum(sizes) - sizes
