"""Rows that do not fit in memory: read from many files at once, cached uncompressed on disk, shuffled in a window."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import tensorflow as tf

from kit.data.tfrecords import plainly, read_tfrecords
from kit.machine import cores
from kit.training.weights import ClassWeightTable, check_weights
from kit.units import BYTES_PER_MB

_FILES_AT_ONCE = 8
_WINDOW_ROWS = 100_000
_READ_ROWS = 1024
AHEAD = 8  # batches that wait for their step


@dataclass(frozen=True)
class Reading:
    """How records are read.

    Attributes:
        cache: whether to keep the uncompressed records of the first pass on disk, and read them there.
        ahead: whether to read and parse the next batches while one is trained on.
    """

    cache: bool = True
    ahead: bool = True


USUAL = Reading()


def uncompressed_megabytes(files: Sequence[str]) -> float:
    """Return the uncompressed size of gzip files from their last four bytes, which count to 4 GiB (RFC 1952)."""
    total = 0
    for path in files:
        with tf.io.gfile.GFile(path, "rb") as file:
            size = file.size()
            file.seek(max(0, size - 4))
            # The size of a file of 4 GiB or more wraps around; it is never smaller than the compressed size.
            total += max(size, int.from_bytes(file.read(4), "little"))
    return total / BYTES_PER_MB


@dataclass(frozen=True)
class StreamedRows:
    """Rows that are parsed as they are needed.

    The first pass, which counts them, interleaves pieces of the files and leaves the uncompressed records in a file of
    the step's temporary folder. An epoch shuffles them in a window of 100,000 rows, which is uniform only where all
    rows fit it; files are interleaved before, so that a window has rows of several files.
    """

    serialized: tf.data.Dataset  # [up to 1024] of strings each
    count: int
    spec: dict[str, Any]
    label_key: str
    weight_key: str = ""
    class_weights: ClassWeightTable | None = None
    reading: Reading = USUAL

    @classmethod
    def open(
        cls,
        files: Sequence[str],
        spec: dict[str, Any],
        label_key: str,
        weight_key: str = "",
        reading: Reading = USUAL,
    ) -> StreamedRows:
        # Not one record at a time: passing each from thread to thread takes ten times as long as reading it.
        pieces = tf.data.Dataset.from_tensor_slices(list(files)).interleave(
            lambda path: read_tfrecords([path]).batch(_READ_ROWS),
            cycle_length=_FILES_AT_ONCE,
            num_parallel_calls=cores(),
            deterministic=True,
        )
        if reading.cache:
            pieces = pieces.cache(str(Path(tempfile.mkdtemp(prefix="records-")) / "records"))
        rows = cls(pieces.with_options(plainly()), 0, spec, label_key, weight_key, reading=reading)
        count = 0
        for batch in rows.serialized:
            count += int(batch.shape[0])
            if weight_key:
                weights = tf.io.parse_example(batch, {weight_key: spec[weight_key]})[weight_key]
                check_weights(weight_key, spec, tf.cast(weights, tf.float32).numpy())
        return replace(rows, count=count)

    def pieces(self) -> tf.data.Dataset:
        return self._parsed(self.serialized).map(lambda *rows: rows[:2])

    def epochs(self, batch_size: int, seed: int, first: int = 0) -> tf.data.Dataset:
        def one(epoch: tf.Tensor) -> tf.data.Dataset:
            window = min(self.count, _WINDOW_ROWS)
            # The second seed is the epoch's: an operation has its own seed and the graph's.
            return self.serialized.unbatch().shuffle(window, seed=epoch * 1_000_003 + seed).batch(batch_size)

        return self._parsed(tf.data.Dataset.range(first, tf.int64.max).flat_map(one)).with_options(plainly())

    def once(self, batch_size: int) -> tf.data.Dataset:
        batches = math.ceil(self.count / batch_size)
        return self._parsed(
            self.serialized.rebatch(batch_size).apply(tf.data.experimental.assert_cardinality(batches))
        )

    def labels(self) -> Iterator[tf.Tensor]:
        for batch in self.serialized:
            yield tf.io.parse_example(batch, {self.label_key: self.spec[self.label_key]})[self.label_key]

    def weighted(self, weights: ClassWeightTable) -> StreamedRows:
        return replace(self, class_weights=weights)

    def _parsed(self, batches: tf.data.Dataset) -> tf.data.Dataset:
        if not self.reading.ahead:
            return batches.map(self._parse)
        return batches.map(self._parse, num_parallel_calls=cores()).prefetch(AHEAD)

    def _parse(self, records: tf.Tensor) -> tuple[Any, ...]:
        features = tf.io.parse_example(records, self.spec)
        label = features.pop(self.label_key)
        weight = tf.cast(features.pop(self.weight_key), tf.float32) if self.weight_key else None
        if self.class_weights is not None:
            by_class = self.class_weights.of(label)
            weight = by_class if weight is None else weight * by_class
        return (features, label) if weight is None else (features, label, weight)
