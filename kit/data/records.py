"""Read the rows of an Examples artifact without a TensorFlow op."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
from tfx_bsl.coders import example_coder

_BATCH_ROWS = 50_000
_LENGTH, _CHECKSUM_BYTES = struct.Struct("<Q"), 4


def read_records(examples: Path, split: str) -> Iterator[bytes]:
    """Yield the serialized tf.Examples of one split, file after file.

    A record is its length (8 bytes, little endian), a checksum of the length, the data and a checksum of the data
    (https://www.tensorflow.org/tutorials/load_data/tfrecord).
    """
    for path in sorted((examples / f"Split-{split}").iterdir()):
        with gzip.open(path) as file:
            while header := file.read(_LENGTH.size):
                (length,) = _LENGTH.unpack(header)
                file.read(_CHECKSUM_BYTES)
                yield file.read(length)
                file.read(_CHECKSUM_BYTES)


def decoded_batches(examples: Path, split: str) -> Iterator[tuple[list[bytes], pa.RecordBatch]]:
    """Yield one split in batches of some ten thousand rows: serialized, and as columns with one list per row."""
    decoder = example_coder.ExamplesToRecordBatchDecoder()
    records = read_records(examples, split)
    while batch := list(islice(records, _BATCH_ROWS)):
        yield batch, decoder.DecodeBatch(batch)


def first_records(examples: Path, split: str, count: int) -> list[bytes]:
    """Return the first serialized tf.Examples of one split, at most `count`."""
    return list(islice(read_records(examples, split), count))


def spread_records(examples: Path, split: str, count: int) -> list[bytes]:
    """Return serialized rows of one split, at most `count`, evenly spread over it."""
    step = max(1, count_records(examples, split) // max(count, 1))
    return list(islice(islice(read_records(examples, split), 0, None, step), count))


def count_records(examples: Path, split: str) -> int:
    """Count the rows of one split."""
    return sum(1 for _ in read_records(examples, split))


def as_text(value: Any) -> str:
    """Return one value of a row, which stores text as bytes, as text; invalid UTF-8 is replaced."""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
