"""A sample of the training rows for trials, the same for all, in a file of its own."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from kit.data.tfrecords import read_tfrecords

_PART = "train-00000.gz"


def share_of(patterns: Sequence[str], share: float, seed: int, folder: Path) -> tuple[str, ...]:
    """Return patterns of a share of the rows, which are drawn once and kept.

    Args:
        patterns: the patterns of the transformed examples, gzipped TFRecord files.
        share: above 0, at most 1; 1: all rows, in their own files.
        seed: the seed of the draw; rows are drawn independently, so that their number is only near the share.
        folder: the folder of the file; named by all that it depends on.
    """
    if share >= 1:
        return tuple(patterns)
    if not folder.is_dir():
        half_made = folder.with_name(f".{folder.name}")
        shutil.rmtree(half_made, ignore_errors=True)
        half_made.mkdir(parents=True)
        _write(patterns, share, seed, half_made / _PART)
        half_made.replace(folder)
    return (str(folder / _PART),)


def _write(patterns: Sequence[str], share: float, seed: int, path: Path) -> None:
    files = [name for pattern in patterns for name in sorted(tf.io.gfile.glob(pattern))]
    draw = np.random.default_rng(seed)
    with tf.io.TFRecordWriter(str(path), tf.io.TFRecordOptions(compression_type="GZIP")) as writer:
        for row in read_tfrecords(files):
            if draw.random() < share:
                writer.write(row.numpy())
