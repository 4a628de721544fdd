"""How often each code (vocabulary index or bucket) of a feature occurs in the data, and how many values have none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import tensorflow as tf

from kit.data.records import read_records
from kit.features.graph import RowGraph

MOST_ROWS = 200_000  # rows read per split; more would not visibly change a rate
_BATCH_ROWS = 10_000


@dataclass
class Coverage:
    """The counts of one feature in one split.

    Attributes:
        counts: how often each code occurs, int64 [codes].
        outside: how many values are beyond the last code, such as words outside the vocabulary.
        total: how many values are not missing.
    """

    counts: np.ndarray
    outside: int = 0
    total: int = 0

    def add(self, codes: np.ndarray) -> None:
        """Count codes of any number; those that the feature does not have count as outside."""
        inside = codes[(codes >= 0) & (codes < len(self.counts))]
        self.counts += np.bincount(inside, minlength=len(self.counts))
        self.outside += len(codes) - len(inside)
        self.total += len(codes)


def cover(graph: RowGraph, examples: Path, split: str, sizes: Mapping[str, int]) -> dict[str, Coverage]:
    """Transform the first rows of a split, at most MOST_ROWS, and count the codes of each feature.

    Missing values are not counted. In a list, everything after the last known word is taken for padding, since unknown
    words there look the same.

    Args:
        graph: Transform's graph.
        examples: the folder of the raw Examples.
        split: the split's name.
        sizes: how many codes each feature has; each feature is made from one column.
    """
    found = {feature: Coverage(np.zeros(size, np.int64)) for feature, size in sizes.items()}
    for records in _batches(examples, split) if sizes else ():
        transformed = graph.transform(records)
        present = _present(graph, records, {graph.sources[feature][0] for feature in sizes})
        for feature, coverage in found.items():
            codes = transformed[feature][present[graph.sources[feature][0]]]
            coverage.add(codes if codes.ndim == 1 else codes[_before_padding(codes, len(coverage.counts))])
    return found


def _batches(examples: Path, split: str) -> Iterator[Sequence[bytes]]:
    records = islice(read_records(examples, split), MOST_ROWS)
    while batch := list(islice(records, _BATCH_ROWS)):
        yield batch


def _present(graph: RowGraph, records: Sequence[bytes], columns: set[str]) -> dict[str, np.ndarray]:
    """Return for each column which rows have a value, bool [rows]; an empty string or NaN is none."""
    parsed = tf.io.parse_example(records, {name: graph.columns[name] for name in columns})
    return {name: _has_value(column, len(records)) for name, column in parsed.items()}


def _has_value(column: tf.Tensor | tf.SparseTensor, rows: int) -> np.ndarray:
    sparse = column if isinstance(column, tf.SparseTensor) else tf.sparse.from_dense(column)
    values = sparse.values.numpy()
    real = values != b"" if sparse.dtype == tf.string else values == values  # noqa: PLR0124  not NaN
    found = np.zeros(rows, bool)
    found[sparse.indices.numpy()[real, 0]] = True
    return found


def _before_padding(codes: np.ndarray, size: int) -> np.ndarray:
    """Return a mask, bool [rows, width], of each row's codes up to its last known one."""
    known = (codes >= 0) & (codes < size)
    padded: np.ndarray = np.cumsum(known[:, ::-1], axis=1)[:, ::-1] > 0
    return padded
