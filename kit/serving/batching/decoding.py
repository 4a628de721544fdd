"""Texts that stay serialized until the graph has them: operations that decode the TensorProtos of a whole batch.

A text that becomes an object of Python on its way is made, copied into an array, put together with others, copied into
TensorFlow's memory and freed; with a small model that takes as long as the answer. These operations read all texts of a
batch in one loop. What they decode goes to a second call of the signature's function: the inputs stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from tensorflow.core.framework import node_def_pb2, types_pb2

from kit.serving.batching.function_def import Operations

Array = np.ndarray[Any, Any]
_FIELDS = {
    b"dtype": types_pb2.DT_INT32,
    b"string_val": types_pb2.DT_STRING,
    b"tensor_content": types_pb2.DT_STRING,
}


class Decoded(NamedTuple):
    """What to give to a graph in the place of an input of texts, and what tells whether that was right.

    Attributes:
        messages: name of the tensor for serialized TensorProtos, [requests].
        shape: name of the tensor for the shape of the input.
        sizes: name of the tensor with the number of values in each of three fields, [requests, 3].
        dtypes: name of the tensor with their dtypes, [requests, 1].
    """

    messages: str
    shape: str
    sizes: str
    dtypes: str

    def feeds(self, messages: Sequence[bytes], shape: Sequence[int]) -> dict[str, Array]:
        """Return what stands for requests with texts of one shape, [rows, …], one below the other."""
        array = np.empty(len(messages), object)
        array[:] = messages
        return {self.messages: array, self.shape: np.array((-1, *shape[1:]), np.int32)}

    @staticmethod
    def fits(sizes: Array, dtypes: Array, count: int) -> bool:
        """Return whether each message is of texts, has so many of them, and nothing else in their place."""
        return bool((sizes == (1, count, 0)).all() and (dtypes == types_pb2.DT_STRING).all())


class Decoding(NamedTuple):
    """A batched signature whose texts are given serialized.

    Attributes:
        texts: how, by the names of the inputs' tensors.
        outputs: tensors that give the outputs then, by the tensors that give them otherwise.
    """

    texts: Mapping[str, Decoded]
    outputs: Mapping[str, str]


def decode(operations: Operations, batched: Mapping[str, str]) -> Decoding:
    """Add to a graph the function of a batching operation once more, called with what texts are decoded to.

    Args:
        operations: those of the graph.
        batched: the outputs of the operation, by the outputs that they stand for, see `batch_op.batch`.
    """
    batching = operations.node(next(iter(batched.values())))
    types = list(batching.attr["Tin"].list.type)
    places = [place for place, dtype in enumerate(types) if dtype == types_pb2.DT_STRING]
    if not places:
        return Decoding({}, {output: output for output in batched})
    name = operations.unused("decoded")
    call = node_def_pb2.NodeDef(name=name, op="StatefulPartitionedCall", input=batching.input)
    types += batching.attr["Tcaptured"].list.type
    call.attr["Tin"].list.type.extend(types)
    for key in ("f", "Tout"):
        call.attr[key].CopyFrom(batching.attr[key])
    texts = {}
    for place in places:
        nodes, texts[batching.input[place]] = _decoder(f"{name}_{place}")
        call.input[place] = nodes[-1].name
        operations.add(nodes)
    operations.add([call])
    outputs = {output: f"{name}:{found.rpartition(':')[2]}" for output, found in batched.items()}
    return Decoding(texts, outputs)


def _decoder(name: str) -> tuple[list[Any], Decoded]:
    """Return the operations from serialized TensorProtos to texts, the last of which gives them."""
    messages = node_def_pb2.NodeDef(name=f"{name}_messages", op="Placeholder")
    messages.attr["dtype"].type = types_pb2.DT_STRING
    shape = node_def_pb2.NodeDef(name=f"{name}_shape", op="Placeholder")
    shape.attr["dtype"].type = types_pb2.DT_INT32
    decoder = node_def_pb2.NodeDef(name=name, op="DecodeProtoV2", input=[messages.name])
    decoder.attr["message_type"].s = b"tensorflow.TensorProto"
    decoder.attr["field_names"].list.s.extend(_FIELDS)
    decoder.attr["output_types"].list.type.extend(_FIELDS.values())
    # Of the decoder's outputs, 0 are the sizes, then come the fields.
    texts = node_def_pb2.NodeDef(name=f"{name}_texts", op="Reshape", input=[f"{name}:2", shape.name])
    texts.attr["T"].type, texts.attr["Tshape"].type = types_pb2.DT_STRING, types_pb2.DT_INT32
    given = Decoded(f"{messages.name}:0", f"{shape.name}:0", f"{name}:0", f"{name}:1")
    return [messages, shape, decoder, texts], given
