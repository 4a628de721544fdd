"""Transformed examples as a tf.data.Dataset."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf
import tensorflow_transform as tft

_PARSE_ROWS = 1024


def load(
    patterns: Sequence[str], transform_output: tft.TFTransformOutput, label_key: str
) -> tuple[tf.data.Dataset, int]:
    """Parse all rows once and keep them in memory.

    Returns:
        A data set of single rows (features, label) in the order of the files, and how many there are.
    """
    files = [path for pattern in patterns for path in sorted(tf.io.gfile.glob(pattern))]
    spec = transform_output.transformed_feature_spec()
    rows = [
        tf.io.parse_example(batch, spec)
        for batch in tf.data.TFRecordDataset(files, compression_type="GZIP").batch(_PARSE_ROWS)
    ]
    features = {key: tf.concat([row[key] for row in rows], axis=0) for key in spec}
    count = int(next(iter(features.values())).shape[0])
    label = features.pop(label_key)
    return tf.data.Dataset.from_tensor_slices((features, label)), count


def batches(
    rows: tf.data.Dataset, count: int, batch_size: int, *, seed: int | None = None
) -> tf.data.Dataset:
    """Batch the rows; with a seed shuffle all of them anew in every epoch."""
    if seed is not None:
        rows = rows.shuffle(count, seed=seed, reshuffle_each_iteration=True)
    return rows.batch(batch_size).prefetch(tf.data.AUTOTUNE)
