"""Files of TFRecords as tf.data, without its tuner."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf


def read_tfrecords(files: Sequence[str], compression: str = "GZIP") -> tf.data.Dataset:
    """Return the serialized records of files, one after another; pipelines made from it have `plainly`'s options."""
    return tf.data.TFRecordDataset(files, compression_type=compression).with_options(plainly())


def plainly() -> tf.data.Options:
    """Return tf.data options without autotuning and graph rewriting, for pipelines that gain nothing from them.

    Both cost time whenever an iterator begins. The tuner wakes after 10 ms, 20 ms, 40 ms and so on, and the end of an
    iterator often waits for it: reading then takes up to twice as long.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    options.experimental_optimization.apply_default_optimizations = False
    return options
