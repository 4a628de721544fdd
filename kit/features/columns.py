"""Building blocks for a project's `preprocessing_fn`. Raw features are sparse tensors with 0 or 1 value per row."""

from __future__ import annotations

import tensorflow as tf


def fill_missing(column: tf.Tensor | tf.SparseTensor, default: str | float) -> tf.Tensor:
    """Return a dense tensor [batch] in which missing values, empty cells and NaN are replaced by `default`."""
    if isinstance(column, tf.SparseTensor):
        shape = [column.dense_shape[0], 1]
        value = tf.cast(default, column.dtype) if column.dtype != tf.string else default
        column = tf.squeeze(
            tf.sparse.to_dense(tf.SparseTensor(column.indices, column.values, shape), value), axis=1
        )
    if column.dtype.is_floating:
        column = tf.where(tf.math.is_nan(column), tf.cast(default, column.dtype), column)
    return column


def is_missing(column: tf.SparseTensor) -> tf.Tensor:
    """Return float32 [batch]: 1 where the row has no value, so that a model can tell that from a filled-in value."""
    ones = tf.SparseTensor(
        column.indices, tf.ones_like(column.values, tf.float32), [column.dense_shape[0], 1]
    )
    return 1.0 - tf.squeeze(tf.sparse.to_dense(ones), axis=1)


def first_tokens(column: tf.Tensor | tf.SparseTensor, count: int, separator: str = " ") -> tf.Tensor:
    """Cut each cell at the separator and return its first tokens, string [batch, count], padded with ''."""
    text = fill_missing(column, "")
    pieces = tf.strings.split(text, separator) if separator.strip() else tf.strings.split(text)
    return pieces.to_tensor(default_value="", shape=[None, count])
