"""Transformed examples as batches: from memory where they fit, else streamed from files.

An epoch of training has every row once, in an order that follows from the seed and the number of the epoch alone: a
resumed training sees the same batches as an uninterrupted one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Protocol

import tensorflow as tf
import tensorflow_transform as tft

from kit.data.tfrecords import plainly, read_tfrecords
from kit.training.packed import PackedColumns
from kit.training.streamed import AHEAD, USUAL, Reading, StreamedRows, uncompressed_megabytes
from kit.training.weights import ClassWeightTable, check_weights

MEMORY_MB = 2_000
_PARSE_ROWS = 1024
_PIECE_ROWS = 4_096
_GATHERED_ROWS = 16_384
_TIMED_SECONDS = 0.05


class Rows(Protocol):
    """The rows of a split."""

    @property
    def count(self) -> int: ...

    def pieces(self) -> tf.data.Dataset:
        """Return all rows once, (features, label) without weights, in the order of the files and many at a time."""

    def epochs(self, batch_size: int, seed: int, first: int = 0) -> tf.data.Dataset:
        """Return the batches of all epochs from a given one (from 0) on, without end; each shuffles all rows again."""

    def once(self, batch_size: int) -> tf.data.Dataset:
        """Return batches in the order of the files."""

    def labels(self) -> Iterator[tf.Tensor]:
        """Give all labels, in pieces [rows]."""

    def weighted(self, weights: ClassWeightTable) -> Rows:
        """Return the same rows, each weight multiplied by its class weight."""


def load(  # noqa: PLR0913
    patterns: Sequence[str],
    transform_output: tft.TFTransformOutput,
    label_key: str,
    *,
    weight_key: str = "",
    memory_mb: int = MEMORY_MB,
    reading: Reading = USUAL,
) -> Rows:
    """Parse all rows once and keep them in memory, unless the examples are larger than that.

    Args:
        patterns: the patterns of the files of transformed examples, gzipped TFRecords.
        transform_output: knows their features.
        label_key: the transformed feature that is the label.
        weight_key: the transformed feature that says how much a row counts; empty: each counts 1.
        memory_mb: the most megabytes of uncompressed examples that are kept in memory.
        reading: how larger data are read.

    Raises:
        ProjectError: when Transform gives no such weight.
        InputDataError: when a weight is negative or not a number, or all are 0.
    """
    files = [path for pattern in patterns for path in sorted(tf.io.gfile.glob(pattern))]
    spec = transform_output.transformed_feature_spec()
    check_weights(weight_key, spec)
    if uncompressed_megabytes(files) > memory_mb:
        return StreamedRows.open(files, spec, label_key, weight_key, reading)
    rows = [tf.io.parse_example(batch, spec) for batch in read_tfrecords(files).batch(_PARSE_ROWS)]
    features = {key: tf.concat([row[key] for row in rows], axis=0) for key in spec}
    return MemoryRows.of(features, label_key, weight_key)


@dataclass(frozen=True)
class MemoryRows:
    """Rows as one tensor [rows, …] per feature.

    Batches are gathered by the indices of their rows, many at once: shuffling and batching single rows takes longer
    than a step of a small model, and so would an operation for each column of each batch.
    """

    features: dict[str, Any]
    label: tf.Tensor
    weight: tf.Tensor | None = None

    @classmethod
    def of(cls, features: dict[str, Any], label_key: str, weight_key: str = "") -> MemoryRows:
        rest = {key: value for key, value in features.items() if key not in {label_key, weight_key}}
        weight = tf.cast(features[weight_key], tf.float32) if weight_key else None
        if weight is not None:
            check_weights(weight_key, features, weight.numpy())
        return cls(rest, features[label_key], weight)

    @property
    def count(self) -> int:
        return int(self.label.shape[0])

    def pieces(self) -> tf.data.Dataset:
        return replace(self, weight=None).once(_PIECE_ROWS)

    def epochs(self, batch_size: int, seed: int, first: int = 0) -> tf.data.Dataset:
        packed, count = PackedColumns.of(self._columns()), self.count
        full = count // batch_size * batch_size  # rows in batches of the full size
        at_once = max(1, _GATHERED_ROWS // batch_size) * batch_size

        @tf.autograph.experimental.do_not_convert  # no control flow to convert; looking takes 0.1 s
        def one(epoch: tf.Tensor) -> tf.data.Dataset:
            order = tf.random.experimental.stateless_shuffle(tf.range(count), seed=tf.stack([seed, epoch]))

            def several(start: tf.Tensor) -> tf.data.Dataset:
                places = order[start : tf.minimum(start + at_once, full)]
                return tf.data.Dataset.from_tensor_slices(packed.gather(tf.reshape(places, [-1, batch_size])))

            batches = tf.data.Dataset.range(0, full, at_once).flat_map(several)
            if full == count:
                return batches
            return batches.concatenate(tf.data.Dataset.from_tensors(packed.gather(order[full:])))

        numbers = tf.data.Dataset.range(first, tf.int64.max)
        return numbers.flat_map(one).prefetch(AHEAD).with_options(plainly())

    def once(self, batch_size: int) -> tf.data.Dataset:
        # From tensors, without a function: iterators over these start at once, and every epoch starts one.
        columns, full = self._columns(), self.count // batch_size * batch_size
        whole = tf.nest.map_structure(
            lambda column: tf.reshape(column[:full], [-1, batch_size, *column.shape[1:]]), columns
        )
        batches = tf.data.Dataset.from_tensor_slices(whole)
        if full < self.count:
            rest = tf.nest.map_structure(lambda column: column[full:], columns)
            batches = batches.concatenate(tf.data.Dataset.from_tensors(rest))
        return batches.with_options(plainly())

    def labels(self) -> Iterator[tf.Tensor]:
        yield self.label

    def weighted(self, weights: ClassWeightTable) -> MemoryRows:
        by_class = weights.of(self.label)
        return replace(self, weight=by_class if self.weight is None else by_class * self.weight)

    def _columns(self) -> tuple[Any, ...]:
        columns = (self.features, self.label)
        return columns if self.weight is None else (*columns, self.weight)


def of_project(rows: Rows) -> tf.data.Dataset:
    """Return all rows once, (features, label) and some at a time, as the functions of a model.py are given them.

    Its `batch` rebatches rows. A data set's own would stack pieces, which fails if one is shorter; and rows were once
    given one by one, so a model.py may well ask for batches.
    """
    pieces = rows.pieces()

    def batch(  # with the arguments of `tf.data.Dataset.batch`
        batch_size: Any,
        drop_remainder: bool = False,
        num_parallel_calls: Any = None,
        deterministic: bool | None = None,
        name: str | None = None,
    ) -> tf.data.Dataset:
        del num_parallel_calls, deterministic
        return pieces.rebatch(batch_size, drop_remainder, name)

    pieces.batch = batch
    return pieces


def seconds_a_batch(batches: tf.data.Dataset) -> float:
    """Time the input pipeline alone, with nothing that uses its batches; takes a fraction of a second."""
    iterator = iter(batches)
    next(iterator)  # starting it is not part of a batch's time
    started = time.perf_counter()
    count = 0
    for count, _ in enumerate(islice(iterator, 1_000), start=1):  # noqa: B007
        if time.perf_counter() - started > _TIMED_SECONDS:
            break
    return (time.perf_counter() - started) / max(count, 1)
