"""The batch scheduler around a signature: an operation in the graph that waits until its batch is computed.

The operation calls a function, so the part of the graph between the signature's inputs and outputs is written as one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from kit.serving.batching import padding
from kit.serving.batching.function_def import Operations
from kit.serving.batching.parameters import Batching


def batch(
    operations: Operations,
    inputs: Sequence[str],
    outputs: Sequence[str],
    batching: Batching,
    padded: Mapping[str, tf.TensorShape],
) -> Mapping[str, str]:
    """Add the batching operation to a graph.

    Args:
        operations: those of the graph.
        inputs: names of tensors, each [batch, …].
        outputs: names of tensors, each [batch, …].
        batching: the parameters.
        padded: the shapes of the inputs whose rows may have several lengths.

    Returns:
        For each output the name of the tensor that gives the same values, batched.

    Raises:
        ValueError: when the graph between them cannot become a function, as with variables of TensorFlow 1.
    """
    name = operations.unused("batched")
    given = _Given.of({tensor: operations.dtype(tensor) for tensor in inputs}, padded, name)
    wanted = {tensor: operations.dtype(tensor) for tensor in outputs}
    part = operations.part(name, given.arguments, wanted, given.instead, given.unpacking)
    node = tf.compat.v1.NodeDef(name=name, op="BatchFunction", input=[*given.sent, *part.handles])
    attributes = {
        "f": {"func": {"name": name}},
        "Tin": _types(given.arguments.values()),
        "Tcaptured": _types([tf.resource.as_datatype_enum] * len(part.handles)),
        "Tout": _types(wanted.values()),
        "num_batch_threads": {"i": batching.num_batch_threads},
        "max_batch_size": {"i": batching.max_batch_size},
        "batch_timeout_micros": {"i": batching.batch_timeout_micros},
        "max_enqueued_batches": {"i": batching.max_enqueued_batches},
        "allowed_batch_sizes": {"list": {"i": _allowed(batching)}},
        "enable_large_batch_splitting": {"b": batching.enable_large_batch_splitting},
        "shared_name": {"s": b"batch_scheduler"},  # one for the version, so that its threads are shared,
        "batching_queue": {"s": name.encode()},  # in which each signature has a queue
    }
    for key, value in attributes.items():
        node.attr[key].CopyFrom(tf.compat.v1.AttrValue(**value))
    operations.add([*given.packing, node], part.function)
    return {tensor: f"{name}:{place}" for place, tensor in enumerate(outputs)}


class _Given(NamedTuple):
    """How a signature's inputs get to the scheduler, and from there to the function.

    Attributes:
        sent: names of the tensors that the scheduler takes.
        arguments: names of the tensors that stand for them in the function, with the numbers of their dtypes.
        packing: operations that make what is sent.
        unpacking: operations of the function that make the inputs again.
        instead: names of the tensors so made, by the inputs' names.
    """

    sent: list[str]
    arguments: dict[str, int]
    packing: list[Any]
    unpacking: list[Any]
    instead: dict[str, str]

    @classmethod
    def of(cls, inputs: Mapping[str, int], padded: Mapping[str, tf.TensorShape], name: str) -> _Given:
        """Return it for inputs with the numbers of their dtypes; the names of operations begin with the given one."""
        given = cls([], {}, [], [], {})
        for place, (tensor, dtype) in enumerate(inputs.items()):
            if tensor not in padded:
                given.sent.append(tensor)
                given.arguments[tensor] = dtype
                continue
            packing = padding.packing(tensor, dtype, padded[tensor], f"{name}_packed_{place}")
            unpacking = padding.unpacking(dtype, padded[tensor], f"{name}_unpacked_{place}")
            given.sent.extend(packing.results)
            given.packing.extend(packing.operations)
            given.arguments.update(unpacking.arguments)
            given.unpacking.extend(unpacking.operations)
            (given.instead[tensor],) = unpacking.results
        return given


def _types(numbers: Iterable[int]) -> dict[str, Any]:
    return {"list": {"type": list(numbers)}}


def _allowed(batching: Batching) -> list[int]:
    """Return the allowed batch sizes; the operation takes the last as the largest part to split a request into."""
    if batching.allowed_batch_sizes or batching.most_rows == batching.max_batch_size:
        return list(batching.allowed_batch_sizes)
    return list(range(1, batching.most_rows + 1))  # every size is allowed, so that nothing is padded
