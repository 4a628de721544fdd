"""A batch of rows as the checks see it: what several checks need of a column is computed once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kit.data.records import as_text
from kit.project.file import Column

SHOWN_ROWS = 5
"""How many of the rows at fault a finding brings along."""

_T = TypeVar("_T")
MISSING = np.uint64(0x9E3779B97F4A7C15)
"""What stands for a missing value among hashes."""
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


class Rows:
    """Rows of one split in which each column has one typed value per row, null where it is missing; text is bytes.

    Args:
        batch: the rows, typed as `kit.data.files.read_batches` gives them.
        span: the span that all rows come from; None: not known.
    """

    def __init__(self, batch: pa.RecordBatch, span: int | None = None) -> None:
        self.span, self._batch = span, batch
        self._made: dict[tuple[str, str], Any] = {}

    @classmethod
    def of_examples(cls, batch: pa.RecordBatch) -> Rows:
        """Take decoded examples: each column is a list with at most one value per row."""
        flat = [_flat(column) for column in batch.columns]
        return cls(pa.RecordBatch.from_arrays(flat, names=batch.schema.names))

    def __len__(self) -> int:
        return int(self._batch.num_rows)

    @property
    def names(self) -> list[str]:
        return list(self._batch.schema.names)

    def has(self, name: str) -> bool:
        """Return whether any row has the column; one that is missing everywhere may be without a type."""
        return name in self._batch.schema.names and not pa.types.is_null(self._batch.column(name).type)

    def slice(self, start: int, stop: int, span: int | None) -> Rows:
        return Rows(self._batch.slice(start, stop - start), span)

    def every(self, step: int, first: int) -> pa.RecordBatch:
        """Return every `step`-th row, from the row at `first` on."""
        return self._batch.take(pa.array(np.arange(first, len(self), step)))

    def values(self, name: str) -> pa.Array:
        """Return a column that at least one row has."""
        return self._once("values", name, lambda: _bytes(self._batch.column(name)))

    def numbers(self, name: str) -> NDArray[np.float64]:
        """Return a column of numbers, NaN where one is missing; all NaN where no row has the column."""
        if not self.has(name):
            return np.full(len(self), np.nan)
        return self._once("numbers", name, lambda: as_numbers(self.values(name)))

    def missing(self, name: str) -> NDArray[np.bool_]:
        if not self.has(name):
            return np.ones(len(self), bool)
        found: NDArray[np.bool_] = pc.is_null(self.values(name), nan_is_null=True).to_numpy(
            zero_copy_only=False
        )
        return found

    def hashes(self, name: str) -> NDArray[np.uint64]:
        """Return a 64-bit hash per row, equal where the values are: one collision is expected in 6 billion values."""
        if not self.has(name):
            return np.full(len(self), MISSING)
        return self._once("hashes", name, lambda: _hashes(self.values(name)))

    def times(self, name: str, column: Column) -> NDArray[np.float64]:
        """Return a timestamp in its own unit, or a date as seconds since 1970; NaN where there is none."""
        if column.kind != "date" or not self.has(name):
            return self.numbers(name)
        encoded = self.values(name).dictionary_encode()
        seconds = np.array(
            [_seconds(as_text(value), column.format) for value in encoded.dictionary.to_pylist()]
        )
        places = encoded.indices.fill_null(len(seconds)).to_numpy(zero_copy_only=False)
        found: NDArray[np.float64] = np.append(seconds, np.nan)[places]
        return found

    def texts(self, places: Iterable[int]) -> list[dict[str, str]]:
        """Return rows as texts for people; a missing value is empty."""
        taken = self._batch.take(pa.array(list(places), pa.int64())).to_pylist()
        return [
            {name: "" if value is None else as_text(value) for name, value in row.items()} for row in taken
        ]

    def _once(self, what: str, name: str, make: Callable[[], _T]) -> _T:
        if (what, name) not in self._made:
            self._made[what, name] = make()
        found: _T = self._made[what, name]
        return found


def as_numbers(values: pa.Array) -> NDArray[np.float64]:
    """Return numbers, NaN where they are missing."""
    found: NDArray[np.float64] = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return found


def mixed(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Mix the bits of each word (its avalanche), so that sums of mixed words distinguish rows.

    The finalizer of splitmix64: Steele, Lea and Flood, Fast splittable pseudorandom number generators, OOPSLA 2014.
    """
    for shift, factor in zip((np.uint64(30), np.uint64(27)), _MIX, strict=True):
        hashes = (hashes ^ (hashes >> shift)) * factor
    return hashes ^ (hashes >> np.uint64(31))


def _flat(column: pa.Array) -> pa.Array:
    if not (pa.types.is_list(column.type) or pa.types.is_large_list(column.type)):
        return column
    values, parents = pc.list_flatten(column), pc.list_parent_indices(column)
    if len(values) == len(column):
        return values
    places = np.full(len(column), -1)
    places[parents.to_numpy()] = np.arange(len(values))
    return values.take(pa.array(places, mask=places < 0))


def _bytes(column: pa.Array) -> pa.Array:
    is_text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    return column.cast(pa.large_binary()) if is_text else column


def _hashes(values: pa.Array) -> NDArray[np.uint64]:
    if pa.types.is_integer(values.type) or pa.types.is_floating(values.type):
        filled = values.fill_null(0).to_numpy(zero_copy_only=False)
        bits = filled.astype(np.float64) if pa.types.is_floating(values.type) else filled.astype(np.int64)
        found = mixed(bits.view(np.uint64))
        found[pc.is_null(values).to_numpy(zero_copy_only=False)] = MISSING
        return found
    encoded = values.dictionary_encode()
    texts = np.array(encoded.dictionary.to_pylist(), object)
    # Python's own hash differs between processes, and so would estimates made from it.
    known = pd.util.hash_array(texts, categorize=False) if len(texts) else np.empty(0, np.uint64)
    places = encoded.indices.fill_null(len(known)).to_numpy(zero_copy_only=False)
    hashes: NDArray[np.uint64] = np.append(known, MISSING)[places]
    return hashes


def _seconds(text: str, date_format: str) -> float:
    try:
        # A date has no zone; only differences are needed.
        return (datetime.strptime(text, date_format) - datetime(1970, 1, 1)).total_seconds()  # noqa: DTZ001, DTZ007
    except ValueError:
        return float("nan")
