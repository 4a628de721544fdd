"""How often each place of a feature is taken in the data, and how many values no vocabulary has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import tensorflow as tf

from kit.data.records import read_records
from kit.features.graph import RowGraph

MOST_ROWS = 200_000  # of a split; more would not change a rate that a person looks at
_BATCH_ROWS = 10_000


@dataclass
class Coverage:
    """What one split has of one feature.

    Attributes:
        counts: how often each place is taken, int64 [places].
        outside: values behind the last place: those that a vocabulary does not have.
        total: all values that are not missing.
    """

    counts: np.ndarray
    outside: int = 0
    total: int = 0

    def add(self, codes: np.ndarray) -> None:
        """Count codes [any]; those that are no place are outside."""
        inside = codes[(codes >= 0) & (codes < len(self.counts))]
        self.counts += np.bincount(inside, minlength=len(self.counts))
        self.outside += len(codes) - len(inside)
        self.total += len(codes)


def cover(graph: RowGraph, examples: Path, split: str, places: Mapping[str, int]) -> dict[str, Coverage]:
    """Transform the first rows of a split, at most MOST_ROWS, and count.

    A missing value is not counted. Of the places of a list, those behind the last word that is known are taken for
    padding: nothing tells an unknown word there from it.

    Args:
        graph: Transform's.
        examples: folder of the raw Examples.
        split: its name.
        places: how many places each feature has; each feature is made of one column.
    """
    found = {feature: Coverage(np.zeros(size, np.int64)) for feature, size in places.items()}
    for records in _batches(examples, split) if places else ():
        transformed = graph.transform(records)
        present = _present(graph, records, {graph.sources[feature][0] for feature in places})
        for feature, coverage in found.items():
            codes = transformed[feature][present[graph.sources[feature][0]]]
            coverage.add(codes if codes.ndim == 1 else codes[_before_padding(codes, len(coverage.counts))])
    return found


def _batches(examples: Path, split: str) -> Iterator[Sequence[bytes]]:
    records = islice(read_records(examples, split), MOST_ROWS)
    while batch := list(islice(records, _BATCH_ROWS)):
        yield batch


def _present(graph: RowGraph, records: Sequence[bytes], columns: set[str]) -> dict[str, np.ndarray]:
    """Return for each column, bool [rows], where it has a value: no empty text, and a number that is one."""
    parsed = tf.io.parse_example(records, {name: graph.columns[name] for name in columns})
    return {name: _has_value(column, len(records)) for name, column in parsed.items()}


def _has_value(column: tf.Tensor | tf.SparseTensor, rows: int) -> np.ndarray:
    sparse = column if isinstance(column, tf.SparseTensor) else tf.sparse.from_dense(column)
    values = sparse.values.numpy()
    real = values != b"" if sparse.dtype == tf.string else values == values  # noqa: PLR0124  not NaN
    found = np.zeros(rows, bool)
    found[sparse.indices.numpy()[real, 0]] = True
    return found


def _before_padding(codes: np.ndarray, places: int) -> np.ndarray:
    """Return, bool [rows, width], the places up to the last one that is known."""
    known = (codes >= 0) & (codes < places)
    padded: np.ndarray = np.cumsum(known[:, ::-1], axis=1)[:, ::-1] > 0
    return padded
