"""The batch scheduler around a signature: an operation in the graph that waits until its batch is computed.

The operation calls a function, so the part of the graph between the signature's inputs and outputs is made into one.
Variables and tables stay where they are; the function gets their handles.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import tensorflow as tf
from tensorflow.python.framework.func_graph import dismantle_func_graph
from tensorflow.python.ops import gen_batch_ops

from kit.serving.batching import padding
from kit.serving.batching.parameters import Batching
from kit.serving.saved_model import has_functions_as_operations

_Body = Callable[..., list[tf.Tensor]]


def batch(
    graph: tf.Graph,
    inputs: Sequence[str],
    outputs: Sequence[str],
    batching: Batching,
    padded: Collection[str] = (),
) -> Mapping[str, str]:
    """Add the batching operation to a graph.

    Args:
        graph: the model's graph; its session may have run already.
        inputs: names of tensors, each [batch, …].
        outputs: names of tensors, each [batch, …].
        batching: the parameters.
        padded: the inputs whose rows may have several lengths.

    Returns:
        For each output the name of the tensor that gives the same values, batched.

    Raises:
        ValueError: when the graph between them cannot become a function, as with variables of TensorFlow 1.
    """
    with graph.as_default():
        feeds = [graph.get_tensor_by_name(name) for name in inputs]
        sent = [part for feed in feeds for part in (padding.pack(feed) if feed.name in padded else [feed])]
        specs = [tf.TensorSpec(part.shape, part.dtype) for part in sent]
        body = _body(graph, feeds, outputs, padded)
        function = tf.function(body, autograph=False).get_concrete_function(*specs)
        batched = gen_batch_ops.batch_function(
            in_tensors=sent,
            captured_tensors=function.captured_inputs,
            f=function,
            Tout=[each.dtype for each in function.outputs],
            num_batch_threads=batching.num_batch_threads,
            max_batch_size=batching.max_batch_size,
            batch_timeout_micros=batching.batch_timeout_micros,
            max_enqueued_batches=batching.max_enqueued_batches,
            allowed_batch_sizes=_allowed(batching),
            enable_large_batch_splitting=batching.enable_large_batch_splitting,
            shared_name="batch_scheduler",  # one for the version, so that its threads are shared,
            batching_queue=graph.unique_name("batching_queue"),  # in which each signature has a queue
        )
        dismantle_func_graph(function.graph)  # the graph has a copy; this one is left to no garbage collector
    return {name: each.name for name, each in zip(outputs, batched, strict=True)}


def _allowed(batching: Batching) -> list[int]:
    """Return the allowed batch sizes; the operation takes the last as the largest part to split a request into."""
    if batching.allowed_batch_sizes or batching.most_rows == batching.max_batch_size:
        return list(batching.allowed_batch_sizes)
    return list(range(1, batching.most_rows + 1))  # every size is allowed, so that nothing is padded


def _body(
    graph: tf.Graph, feeds: Sequence[tf.Tensor], outputs: Sequence[str], padded: Collection[str]
) -> _Body:
    handles = [each for each in _handles(graph) if each.ref() not in {feed.ref() for feed in feeds}]
    part = _between([graph.get_tensor_by_name(name) for name in outputs], [*feeds, *handles])
    used = {name for node in part.node for name in node.input}
    if has_functions_as_operations(part):
        part.library.CopyFrom(graph.as_graph_def().library)

    def body(*sent: tf.Tensor) -> list[tf.Tensor]:
        inner = tf.compat.v1.get_default_graph()
        given = dict(_received(feeds, list(sent), padded))
        given |= {each.name: inner.capture(each) for each in handles if each.op.name in used}
        # A tensor may be both input and output of a signature; then nothing computes it.
        wanted = [name for name in outputs if name not in given]
        computed = tf.graph_util.import_graph_def(part, given, wanted, name="")
        return [given[name] if name in given else computed[wanted.index(name)] for name in outputs]

    return body


def _received(
    feeds: Sequence[tf.Tensor], sent: list[tf.Tensor], padded: Collection[str]
) -> Iterator[tuple[str, tf.Tensor]]:
    for feed in feeds:
        if feed.name in padded:
            packed, sent = sent[: padding.PACKED], sent[padding.PACKED :]
            yield feed.name, padding.unpack(packed, feed.dtype, feed.shape)
        else:
            yield feed.name, tf.identity(sent.pop(0))


def _handles(graph: tf.Graph) -> list[tf.Tensor]:
    """Return the handles of variables and tables: operations without inputs."""
    sources = [operation for operation in graph.get_operations() if not operation.inputs]
    return [each for operation in sources for each in operation.outputs if each.dtype == tf.resource]


def _between(outputs: Sequence[tf.Tensor], given: Sequence[tf.Tensor]) -> Any:
    """Return the part of a graph that computes tensors from given ones."""
    known = {tensor.ref() for tensor in given}
    found: dict[str, tf.Operation] = {}
    waiting = [tensor.op for tensor in outputs if tensor.ref() not in known]
    while waiting:
        operation = waiting.pop()
        if operation.name not in found:
            found[operation.name] = operation
            _check_movable(operation)
            waiting += [tensor.op for tensor in operation.inputs if tensor.ref() not in known]
            waiting += operation.control_inputs
    graph_def = tf.compat.v1.GraphDef()
    graph_def.node.extend(operation.node_def for operation in found.values())
    return graph_def


def _check_movable(operation: tf.Operation) -> None:
    """Refuse an operation that holds state itself: in a function it would have another state."""
    if any(each.dtype._is_ref_dtype for each in operation.outputs):  # noqa: SLF001
        raise ValueError(f"{operation.type} {operation.name} holds its value by itself, as in TensorFlow 1.")
