"""Padding inside the graph: rows of several lengths travel to the scheduler packed, and are padded in the batch.

The scheduler can only join tensors of equal length, but the length of a batch's longest row is known only afterwards.
So each row becomes one variant, which fits beside any other, with its lengths and its padding value.

Source of the rule: `AddPadding` in tensorflow_serving/batching/batching_util.cc, which appends the tensor's first
value up to the longest of the batch in each dimension.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import tensorflow as tf

PACKED = 3
"""Tensors that a packed one consists of."""


def pack(tensor: tf.Tensor) -> list[tf.Tensor]:
    """Split a tensor [n, …] into rows as variants [n], their lengths [n, rank - 1] and their padding values [n]."""
    shape = tf.shape(tensor, tf.int64)
    rows, lengths, flat = shape[0], shape[1:], tf.reshape(tensor, [-1])
    packed = tf.raw_ops.RaggedTensorToVariant(
        rt_nested_splits=[tf.range(rows + 1) * tf.reduce_prod(lengths)],
        rt_dense_values=flat,
        batched_input=True,
    )
    first = tf.concat([flat[:1], tf.zeros([1], tensor.dtype)], 0)[0]  # a tensor of no values has no first one
    return [packed, tf.tile(lengths[tf.newaxis], [rows, 1]), tf.fill(rows[tf.newaxis], first)]


class Unpacking(NamedTuple):
    """The operations that make a tensor of a packed one.

    Attributes:
        operations: NodeDefs.
        arguments: names of the packed tensors, with the numbers of their dtypes.
        result: the name of the tensor that they make.
    """

    operations: Sequence[Any]
    arguments: dict[str, int]
    result: str


def unpacking(packed: Sequence[tf.Tensor], tensor: tf.Tensor, scope: str) -> Unpacking:
    """Return the operations that make a tensor of what `pack` made of it; their names begin with the scope."""
    with tf.Graph().as_default() as graph, tf.name_scope(scope):
        given = [tf.compat.v1.placeholder(part.dtype, part.shape) for part in packed]
        result = unpack(given, tensor.dtype, tensor.shape)
    operations = [node for node in graph.as_graph_def().node if node.op != "Placeholder"]
    return Unpacking(operations, {part.name: part.dtype.as_datatype_enum for part in given}, result.name)


def unpack(packed: Sequence[tf.Tensor], dtype: tf.DType, shape: tf.TensorShape) -> tf.Tensor:
    """Return the rows of `pack`, padded, as one tensor [n, …] of a dtype and a shape."""
    variants, lengths, fill = packed
    nested = tf.raw_ops.RaggedTensorFromVariant(
        encoded_ragged=variants, input_ragged_rank=0, output_ragged_rank=1, Tvalues=dtype
    )
    splits, values = nested.output_nested_splits[0], nested.output_dense_values
    rows = tf.size(fill, tf.int64)
    row = tf.repeat(tf.range(rows), splits[1:] - splits[:-1])
    place = tf.range(splits[-1]) - tf.gather(splits, row)
    indices: list[tf.Tensor] = []
    for axis in reversed(range(shape.rank - 1)):  # the last dimension varies fastest
        length = tf.gather(lengths[:, axis], row)
        indices.insert(0, place % length)
        place //= length
    longest = tf.concat([rows[tf.newaxis], tf.reduce_max(lengths, 0)], 0)
    blank = tf.broadcast_to(tf.reshape(fill, [-1] + [1] * (shape.rank - 1)), longest)
    filled = tf.tensor_scatter_nd_update(blank, tf.stack([row, *indices], 1), values)
    return tf.ensure_shape(filled, shape)
