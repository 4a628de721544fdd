"""The batch scheduler around a signature: an operation in the graph that waits until its batch is computed.

The operation calls a function, so the part of the graph between the signature's inputs and outputs is written as one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import tensorflow as tf
from tensorflow.python.ops import gen_batch_ops

from kit.serving.batching import padding
from kit.serving.batching.function_def import Operations
from kit.serving.batching.parameters import Batching


def batch(  # noqa: PLR0913, PLR0917  a graph, what to compute in it, and how
    graph: tf.Graph,
    operations: Operations,
    inputs: Sequence[str],
    outputs: Sequence[str],
    batching: Batching,
    padded: Collection[str] = (),
) -> Mapping[str, str]:
    """Add the batching operation to a graph.

    Args:
        graph: the model's graph; its session may have run already.
        operations: those that the graph was made of.
        inputs: names of tensors, each [batch, …].
        outputs: names of tensors, each [batch, …].
        batching: the parameters.
        padded: the inputs whose rows may have several lengths.

    Returns:
        For each output the name of the tensor that gives the same values, batched.

    Raises:
        ValueError: when the graph between them cannot become a function, as with variables of TensorFlow 1.
    """
    name = graph.unique_name("batched")
    dtypes = {output: graph.get_tensor_by_name(output).dtype for output in outputs}
    with graph.as_default():
        given = _given([graph.get_tensor_by_name(tensor) for tensor in inputs], padded, name)
        wanted = {output: dtype.as_datatype_enum for output, dtype in dtypes.items()}
        part = operations.part(name, given.arguments, wanted, given.instead, given.more)
        library = tf.compat.v1.GraphDef(versions=graph.graph_def_versions)
        library.library.function.append(part.function)
        tf.graph_util.import_graph_def(library, name="")
        batched = gen_batch_ops.batch_function(
            in_tensors=given.sent,
            captured_tensors=[graph.get_tensor_by_name(handle) for handle in part.handles],
            f=name,
            Tout=list(dtypes.values()),
            num_batch_threads=batching.num_batch_threads,
            max_batch_size=batching.max_batch_size,
            batch_timeout_micros=batching.batch_timeout_micros,
            max_enqueued_batches=batching.max_enqueued_batches,
            allowed_batch_sizes=_allowed(batching),
            enable_large_batch_splitting=batching.enable_large_batch_splitting,
            shared_name="batch_scheduler",  # one for the version, so that its threads are shared,
            batching_queue=name,  # in which each signature has a queue
        )
    return {output: each.name for output, each in zip(outputs, batched, strict=True)}


class _Given(NamedTuple):
    """What the scheduler is sent, and how the function makes the signature's inputs of it; see `Operations.part`."""

    sent: list[tf.Tensor]
    arguments: dict[str, int]
    instead: dict[str, str]
    more: list[Any]


def _given(feeds: Sequence[tf.Tensor], padded: Collection[str], name: str) -> _Given:
    given = _Given([], {}, {}, [])
    for feed in feeds:
        if feed.name not in padded:
            given.sent.append(feed)
            given.arguments[feed.name] = feed.dtype.as_datatype_enum
            continue
        packed = padding.pack(feed)
        unpacking = padding.unpacking(packed, feed, f"{name}_{len(given.sent)}")
        given.sent.extend(packed)
        given.arguments.update(unpacking.arguments)
        given.instead[feed.name] = unpacking.result
        given.more.extend(unpacking.operations)
    return given


def _allowed(batching: Batching) -> list[int]:
    """Return the allowed batch sizes; the operation takes the last as the largest part to split a request into."""
    if batching.allowed_batch_sizes or batching.most_rows == batching.max_batch_size:
        return list(batching.allowed_batch_sizes)
    return list(range(1, batching.most_rows + 1))  # every size is allowed, so that nothing is padded
