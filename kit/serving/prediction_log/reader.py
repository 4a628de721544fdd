"""Read a prediction log back, from files that a server may still be writing, or was killed while writing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from kit.data.tfrecords import read_tfrecords

_END = ".tfrecord"
_FRAME_BYTES = 16  # around each record: its length and two checksums


@dataclass(frozen=True)
class Read:
    """The contents of one file.

    Attributes:
        logs: the PredictionLogs, oldest first.
        torn: whether an incomplete record follows: it is being written, or its writer was killed.
    """

    logs: tuple[Any, ...]
    torn: bool


def files(prefix: Path) -> list[Path]:
    """Return the files of a prefix, the oldest of each process first."""
    return sorted(prefix.parent.glob(f"{prefix.name}-*{_END}"))


def read(path: Path, start: int = 0) -> Read:
    """Return the complete records of a file.

    Args:
        path: the file's path.
        start: how many records to skip at the beginning.

    Raises:
        OSError: when the file cannot be opened.
    """
    records, torn = whole_records(path)
    return Read(tuple(map(prediction_log_pb2.PredictionLog.FromString, records[start:])), torn)


def whole_records(path: Path) -> tuple[list[bytes], bool]:
    """Return the records of a TFRecord file up to a torn one, and whether there is a torn one.

    Raises:
        OSError: when the file cannot be opened.
    """
    size, records = path.stat().st_size, list[bytes]()
    try:
        for record in read_tfrecords([str(path)], compression="").as_numpy_iterator():
            records.append(record)
    except tf.errors.DataLossError:
        return records, True
    # TensorFlow takes half a header for the end of the file, so the size is compared.
    return records, size > sum(len(record) + _FRAME_BYTES for record in records)
