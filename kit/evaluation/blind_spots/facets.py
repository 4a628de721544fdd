"""The facets that slices are searched by: columns, and what is derived from them, as one small code per row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kit.checks.rows import Rows
from kit.data.records import as_text
from kit.project import Project
from kit.project.file import Column
from kit.units import SECONDS_PER_DAY, SECONDS_PER_HOUR, ticks_per_second

BUCKETS = 10
"""Parts of equal size that a number is cut into."""
MOST_VALUES = 20
"""The most frequent values of a text that are searched; rarer ones are not."""

_FEW = 12  # whole numbers with at most this many values keep them
_THURSDAY = 3  # the first day of 1970, when Monday is 0

Codes = NDArray[np.int16]


@dataclass(frozen=True)
class Condition:
    """A slice's condition on one column.

    Attributes:
        column: its name in project.yml.
        derived: what is derived from it, such as `hour`; empty: the value itself.
        value: the value that it must have; None: a range, or missing.
        low: least value of a range; None: no bound.
        high: value that the range ends before; None: no bound.
        missing: whether it selects the rows without a value.
    """

    column: str
    derived: str = ""
    value: str | int | None = None
    low: float | None = None
    high: float | None = None
    missing: bool = False

    def __str__(self) -> str:
        name = f"{self.derived} of {self.column}" if self.derived else self.column
        if self.missing:
            return f"{name} is missing"
        if self.value is not None:
            return f"{name}={self.value}"
        low, high = (None if bound is None else f"{bound:.6g}" for bound in (self.low, self.high))
        if low is None:
            return f"{name} below {high}"
        return f"{name} from {low}" if high is None else f"{name} from {low} to below {high}"


@dataclass(frozen=True, eq=False)
class Facet:
    """One column, or what is derived from it, as codes.

    Attributes:
        column: its name in project.yml.
        derived: what is derived from it; empty: the value itself.
        codes: [rows]; `size` marks rows that are in none of the parts.
        values: the values of codes without an order, one each.
        edges: the edges of ordered codes, one more than codes; the outer two are the least and the greatest value.
        whole: whether the ordered codes are whole numbers, one each.
        has_missing: whether the code after those is for missing values.
    """

    column: str
    derived: str
    codes: Codes
    values: tuple[str | int, ...] = ()
    edges: tuple[float, ...] = ()
    whole: bool = False
    has_missing: bool = False

    @property
    def ordered(self) -> int:
        """How many of the first codes are ordered, so that neighbours make a range."""
        return max(len(self.edges) - 1, 0)

    @property
    def size(self) -> int:
        return self.ordered + len(self.values) + self.has_missing

    def parts(self, widest: float = 1.0) -> list[tuple[int, int]]:
        """Return the first and last code of each part to search: each code, and ranges of ordered ones.

        All ordered codes together are not a part: they cut nothing off.

        Args:
            widest: the largest fraction of the ordered codes that a range may have, 0 to 1.
        """
        single = [(code, code) for code in range(self.size)]
        most = min(self.ordered - 1, round(widest * self.ordered))
        ranges = [
            (first, last) for last in range(self.ordered) for first in range(max(last - most + 1, 0), last)
        ]
        return single + ranges

    def condition(self, first: int, last: int) -> Condition:
        """Return the condition of a part."""
        if first >= self.ordered:
            place = first - self.ordered
            if place == len(self.values):
                return Condition(self.column, self.derived, missing=True)
            return Condition(self.column, self.derived, value=self.values[place])
        if self.whole and first == last:
            return Condition(self.column, self.derived, value=round(self.edges[first]))
        low = self.edges[first] if first > 0 else None
        high = self.edges[last + 1] if last + 1 < self.ordered else None
        return Condition(self.column, self.derived, low=low, high=high)

    def fulfils(self, condition: Condition) -> NDArray[np.bool_]:
        """Return which rows fulfil a condition on this facet."""
        part = next(part for part in self.parts() if self.condition(*part) == condition)
        found: NDArray[np.bool_] = (self.codes >= part[0]) & (self.codes <= part[1])
        return found


def facets(project: Project, rows: Rows) -> list[Facet]:
    """Return what the rows can be cut by; a facet with a single part is left out.

    Keys, and ids with many values, are not facets: a slice of one user is not a blind spot but the user.
    """
    found = [
        facet
        for name, column in project.columns.items()
        if column.kind in _MAKERS and rows.has(name)
        for facet in _MAKERS[column.kind](name, column, rows)
    ]
    return [facet for facet in found if facet.size > 1]


def _number(name: str, column: Column, rows: Rows) -> Iterator[Facet]:
    yield of_numbers(name, "", rows.numbers(name), whole=column.dtype == "int")


def _category(name: str, column: Column, rows: Rows) -> Iterator[Facet]:
    if column.dtype == "float":
        yield of_numbers(name, "", rows.numbers(name), whole=False)
        return
    facet = of_texts(name, rows.values(name))
    if column.dtype == "int" and len(facet.values) <= _FEW and _has_all_values(facet):
        facet = of_numbers(name, "", rows.numbers(name), whole=True)
    yield facet


def _id(name: str, column: Column, rows: Rows) -> Iterator[Facet]:
    if pc.count_distinct(rows.values(name)).as_py() <= MOST_VALUES:
        yield from _category(name, column, rows)


def _time(name: str, column: Column, rows: Rows) -> Iterator[Facet]:
    times = rows.times(name, column)
    known = times[np.isfinite(times)]
    if not len(known):
        return
    seconds = times / ticks_per_second(float(np.median(np.abs(known))))
    yield of_numbers(name, "hour", seconds % SECONDS_PER_DAY // SECONDS_PER_HOUR, whole=True)
    yield of_numbers(name, "weekday", (seconds // SECONDS_PER_DAY + _THURSDAY) % 7 + 1, whole=True)


def _length(name: str, column: Column, rows: Rows) -> Iterator[Facet]:
    """Yield the number of items of a sequence, or of words of a text."""
    texts = rows.values(name)
    separator = column.separator if column.kind == "sequence" else " "
    is_empty = pc.equal(pc.binary_length(texts), 0)
    counts = pc.if_else(is_empty, 0, pc.add(pc.count_substring(texts, separator), 1))
    numbers = pc.fill_null(counts, 0).to_numpy(zero_copy_only=False).astype(np.float64)
    yield of_numbers(name, "length", numbers, whole=True)


_MAKERS: dict[str, Callable[[str, Column, Rows], Iterator[Facet]]] = {
    "number": _number,
    "category": _category,
    "id": _id,
    "timestamp": _time,
    "date": _time,
    "sequence": _length,
    "text": _length,
}


def of_numbers(column: str, derived: str, numbers: NDArray[np.float64], *, whole: bool) -> Facet:
    """Cut numbers into parts of about the same size; a few whole numbers are a part each.

    Args:
        column: its name.
        derived: what is derived from it; empty: its values.
        numbers: [rows]; NaN: missing.
        whole: whether they are whole numbers.
    """
    known = np.isfinite(numbers)
    values = numbers[known]
    distinct = np.unique(values)
    few = whole and len(distinct) <= _FEW
    if few:
        edges = np.r_[distinct, distinct[-1:] + 1]
    else:
        edges = (
            np.unique(np.quantile(values, np.linspace(0, 1, BUCKETS + 1), method="higher"))
            if len(values)
            else values
        )
        edges = edges if len(edges) != 1 else np.r_[edges, edges + 1]
    parts, has_missing = max(len(edges) - 1, 0), bool(len(values) < len(numbers))
    codes = np.full(len(numbers), parts, np.int16)
    codes[known] = np.searchsorted(edges[1:-1], values, side="right")
    return Facet(column, derived, codes, edges=tuple(edges.tolist()), whole=few, has_missing=has_missing)


def of_texts(column: str, values: pa.Array) -> Facet:
    """Return the most frequent values of a column with a code each, the most frequent first."""
    encoded = values.dictionary_encode()
    places = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    known = [
        as_text(value) if isinstance(value, bytes | str) else int(value)
        for value in encoded.dictionary.to_pylist()
    ]
    counts = np.bincount(places[places >= 0], minlength=len(known))
    kept = np.argsort(-counts, kind="stable")[:MOST_VALUES]
    has_missing = bool((places < 0).any())
    none = len(kept) + has_missing
    code_of = np.full(len(known) + 1, none, np.int16)
    code_of[kept] = np.arange(len(kept))
    code_of[-1] = len(kept)  # index -1 is the last place: missing, where there are such rows
    return Facet(
        column, "", code_of[places], values=tuple(known[place] for place in kept), has_missing=has_missing
    )


def _has_all_values(facet: Facet) -> bool:
    return bool((facet.codes < facet.size).all())
