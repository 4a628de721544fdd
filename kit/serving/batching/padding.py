"""Padding inside the graph: rows of several lengths travel to the scheduler packed, and are padded in the batch.

The scheduler can only join tensors of equal length, but the length of a batch's longest row is known only afterwards.
So each row becomes one variant, which fits beside any other, with its lengths and its padding value.

Source of the rule: `AddPadding` in tensorflow_serving/batching/batching_util.cc, which appends the tensor's first
value up to the longest of the batch in each dimension.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import tensorflow as tf


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


class Written(NamedTuple):
    """Operations that stand in no graph yet.

    Attributes:
        operations: NodeDefs.
        arguments: names of the tensors that they take, with the numbers of their dtypes.
        results: names of the tensors that they make, with the numbers of their dtypes.
    """

    operations: Sequence[Any]
    arguments: dict[str, int]
    results: dict[str, int]


def packing(tensor: str, dtype: int, shape: tf.TensorShape, scope: str) -> Written:
    """Return the operations that pack a tensor of that name; their own names begin with the scope."""
    written = _written(pack, [tf.TensorSpec(shape, dtype)], scope)
    (alone,) = written.arguments
    for operation in written.operations:
        operation.input[:] = [tensor if f"{each}:0" == alone else each for each in operation.input]
    return written._replace(arguments={tensor: dtype})


def unpacking(dtype: int, shape: tf.TensorShape, scope: str) -> Written:
    """Return the operations that make a tensor of what was packed; their names begin with the scope."""
    rows = shape[:1]
    packed = [
        tf.TensorSpec(rows, tf.variant),
        tf.TensorSpec([*rows, shape.rank - 1], tf.int64),
        tf.TensorSpec(rows, dtype),
    ]
    return _written(lambda *given: [unpack(given, tf.as_dtype(dtype), shape)], packed, scope)


def _written(
    compute: Callable[..., Sequence[tf.Tensor]], specs: Sequence[tf.TensorSpec], scope: str
) -> Written:
    with tf.Graph().as_default() as graph, tf.name_scope(scope):
        given = [tf.compat.v1.placeholder(spec.dtype, spec.shape) for spec in specs]
        made = compute(*given)
    operations = [node for node in graph.as_graph_def().node if node.op != "Placeholder"]
    return Written(operations, _numbers(given), _numbers(made))


def _numbers(tensors: Sequence[tf.Tensor]) -> dict[str, int]:
    return {tensor.name: tensor.dtype.as_datatype_enum for tensor in tensors}


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
