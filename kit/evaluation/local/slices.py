"""TFMA's slices: from feature values to the rows of each slice.

A row is in a slice as `tensorflow_model_analysis.slicer` says: with each of its values of a key, and once with each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from tensorflow_model_analysis.slicer import slicer_lib

from kit.evaluation.local.rows import NotLocalError, Pairs, Slices, Values

_Key = tuple[tuple[str, Any], ...]


class _Coded(NamedTuple):
    """A feature: the index in `vocabulary` of each value in each row; `starts` has rows + 1 entries."""

    codes: Values
    starts: Values
    vocabulary: list[Any]


class _Part(NamedTuple):
    """The rows in slices of one specification, and for each the index of its slice in `keys`."""

    rows: Values
    numbers: Values
    keys: list[_Key]


def slices_of(specs: Iterable[Any], features: Mapping[str, Pairs], count: int) -> Slices:
    """Return the slices of rows.

    Args:
        specs: TFMA's SlicingSpecs; none: all rows.
        features: the features of the rows; a missing one has no slices.
        count: the number of rows.

    Raises:
        NotLocalError: when a specification or a value is not supported here.
    """
    coded = _Coder(features, count)
    parts = [_part(spec, coded) for spec in list(specs) or [slicer_lib.SingleSliceSpec().to_proto()]]
    numbers = {
        key: number for number, key in enumerate(dict.fromkeys(k for part in parts for k in part.keys))
    }
    rows = np.concatenate([part.rows for part in parts])
    where = np.concatenate(
        [np.array([numbers[key] for key in part.keys], np.int64)[part.numbers] for part in parts]
    )
    # Two specifications may name the same slice; a row is in it once.
    memberships = np.unique(where * max(count, 1) + rows)
    where, rows = np.divmod(memberships, max(count, 1))
    present, starts = np.unique(where, return_index=True)
    keys = list(numbers)
    return Slices([keys[number] for number in present], rows, starts)


class _Coder:
    """Turns features into indices, each once."""

    def __init__(self, features: Mapping[str, Pairs], count: int) -> None:
        self._features, self.count = features, count
        self._known: dict[str, _Coded] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._features

    def __getitem__(self, name: str) -> _Coded:
        if name not in self._known:
            self._known[name] = _code(name, self._features[name], self.count)
        return self._known[name]


def _code(name: str, pairs: Pairs, count: int) -> _Coded:
    codes, vocabulary = pd.factorize(pairs.values)
    if (codes < 0).any():  # NaN is never equal to itself
        raise NotLocalError(f"{name} has values that are not a number")
    together = np.unique(pairs.rows * max(len(vocabulary), 1) + codes)
    rows, codes = np.divmod(together, max(len(vocabulary), 1))
    return _Coded(codes, np.searchsorted(rows, np.arange(count + 1)), [_as_key(name, v) for v in vocabulary])


def _as_key(name: str, value: Any) -> Any:
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise NotLocalError(f"{name} has a text that is not UTF-8") from None
    return value.item() if isinstance(value, np.generic) else value


def _part(spec: Any, coded: _Coder) -> _Part:
    if spec.slice_keys_sql:
        raise NotLocalError("a slice is given in SQL")
    rows = np.arange(coded.count)
    fixed: list[tuple[str, Any]] = []
    for name, text in spec.feature_values.items():
        value = slicer_lib._to_type(text)  # noqa: SLF001  what it is in the slice's key
        fixed.append((name, value))
        rows = np.intersect1d(rows, _rows_with(coded[name], value)) if name in coded else rows[:0]
    numbers, keys = np.zeros(len(rows), np.int64), [tuple(fixed)]
    for name in spec.feature_keys:
        if name not in coded:
            return _Part(rows[:0], numbers[:0], [])
        rows, numbers, keys = _crossed(_Part(rows, numbers, keys), name, coded[name])
    present, numbers = np.unique(numbers, return_inverse=True)
    return _Part(rows, numbers, [tuple(sorted(keys[number])) for number in present])


def _rows_with(feature: _Coded, value: Any) -> Values:
    """Return the rows that have a value."""
    same = [code for code, other in enumerate(feature.vocabulary) if other == value]
    return np.searchsorted(feature.starts, np.flatnonzero(np.isin(feature.codes, same)), side="right") - 1


def _crossed(part: _Part, name: str, feature: _Coded) -> _Part:
    """Cut each slice by one more feature."""
    first = feature.starts[part.rows]
    repeats = feature.starts[part.rows + 1] - first
    rows, numbers = np.repeat(part.rows, repeats), np.repeat(part.numbers, repeats)
    within = np.arange(len(rows)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    codes = feature.codes[np.repeat(first, repeats) + within]
    present, crossed = np.unique(numbers * max(len(feature.vocabulary), 1) + codes, return_inverse=True)
    before, values = np.divmod(present, max(len(feature.vocabulary), 1))
    keys = [
        (*part.keys[number], (name, feature.vocabulary[value]))
        for number, value in zip(before, values, strict=True)
    ]
    return _Part(rows, crossed, keys)
