"""The inputs of a signature: what a request must hold for each, and the arrays in a request.

Source of the texts: tensorflow_serving/servables/tensorflow/predict_util.cc.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2

from kit.serving.errors import ServingError, invalid
from kit.serving.tensors import as_array, complete, enum_of

Array = np.ndarray[Any, Any]
_MOST_SHAPES = 1024  # kept per input; without a bound a client could send ever new ones


@dataclass(frozen=True, slots=True)
class Input:
    """What a request is checked against; reading it from the signature each time would take longer than the model.

    Attributes:
        tensor: name in the graph.
        dtype: number of types.proto.
        sizes: the sizes of its dimensions, None where any is allowed; None if not even their number is known.
        fixed: axis and size of the dimensions that are known.
        shapes: sizes and number of values of the shapes seen so far that fit, by their serialized TensorShapeProto.
    """

    tensor: str
    dtype: int
    sizes: tuple[int | None, ...] | None
    fixed: tuple[tuple[int, int], ...]
    shapes: dict[bytes, tuple[tuple[int, ...], int]] = field(default_factory=dict, compare=False)

    def array(self, name: str, value: Any) -> Array | None:
        """Return a tensor of a request as an array, or None when it does not fit.

        Args:
            name: the name of the input, for the error.
            value: see `as_array`.

        Raises:
            ServingError: INVALID_ARGUMENT when it is not a tensor.
        """
        shape = b""
        if type(value) is tensor_pb2.TensorProto and value.dtype == self.dtype:
            # Most requests have the same few shapes, and a shape that fitted fits again.
            shape = value.tensor_shape.SerializeToString()
            if known := self.shapes.get(shape):
                array = complete(value, *known)
                if array is not None:
                    return array
        array = as_array(name, value)
        if not self._fits(array):
            return None
        if shape and len(self.shapes) < _MOST_SHAPES:
            self.shapes[shape] = array.shape, array.size
        return array

    def _fits(self, array: Array) -> bool:
        if enum_of(array) != self.dtype:
            return False
        sizes, shape = self.sizes, array.shape
        return sizes is None or (
            len(sizes) == len(shape) and all(shape[axis] == size for axis, size in self.fixed)
        )


def inputs_of(signature: Any) -> dict[str, Input]:
    """Return the inputs of a signature, in the order of their names."""
    found = {}
    for name, info in sorted(signature.inputs.items()):
        shape = tf.TensorShape(info.tensor_shape)
        sizes = None if shape.rank is None else tuple(shape.as_list())
        fixed = tuple((axis, size) for axis, size in enumerate(sizes or ()) if size is not None)
        found[name] = Input(info.name, info.dtype, sizes, fixed)
    return found


def feeds_of(signature: Any, wanted: Mapping[str, Input], inputs: Mapping[str, Any]) -> dict[str, Array]:
    """Return the arrays of a request by the names of their tensors in the graph.

    Args:
        signature: SignatureDef.
        wanted: its inputs.
        inputs: the inputs of the request, see `Servable.run`.

    Raises:
        ServingError: INVALID_ARGUMENT when they are not those of the signature.
    """
    given = inputs
    if len(inputs) != len(wanted) or not all(map(inputs.__contains__, wanted)):
        _check_names(signature, inputs)
        # `defaults` is a field of newer SignatureDefs.
        given = {**dict(getattr(signature, "defaults", {})), **inputs}
    feeds = {}
    for name, known in wanted.items():
        array = known.array(name, given[name])
        if array is None:
            raise _misfit(list(wanted).index(name), name, as_array(name, given[name]), known)
        feeds[known.tensor] = array
    return feeds


def _check_names(signature: Any, inputs: Mapping[str, Any]) -> None:
    """Check that a request has the inputs of its signature."""
    wanted, sent = set(signature.inputs), set(inputs)
    optional = set(getattr(signature, "defaults", {}))
    if sent <= wanted and wanted - optional <= sent:
        return
    if len(sent) == len(wanted):
        extra = min(sent - wanted)
        raise invalid(
            f"input tensor alias not found in signature: {extra}. "
            f"Inputs expected to be in the set {{{','.join(sorted(wanted))}}}."
        )
    raise invalid(
        f"input size does not match signature: {len(sent)}!={len(wanted)} "
        f"len({{{','.join(sorted(sent))}}}) != len({{{','.join(sorted(wanted))}}}). "
        f"Sent extra: {{{','.join(sorted(sent - wanted))}}}. "
        f"Missing but required: {{{','.join(sorted(wanted - optional - sent))}}}."
    )


def _misfit(number: int, name: str, array: Array, known: Input) -> ServingError:
    found = enum_of(array)
    if found != known.dtype:
        return invalid(
            f"Expects arg[{number}] to be {_word(known.dtype)} but {_word(found)} is provided (input {name})."
        )
    sizes = ",".join("?" if size is None else str(size) for size in known.sizes or ())
    return invalid(f"Expects input {name} to have shape [{sizes}] but {list(array.shape)} is provided.")


def _word(dtype: int) -> str:
    return str(types_pb2.DataType.Name(dtype)).removeprefix("DT_").lower()
