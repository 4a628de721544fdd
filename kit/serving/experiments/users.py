"""Which users a request is for: the values of one input, whichever API was called."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

import numpy as np
import tensorflow as tf

# The names in the kit's signatures; `inputs` belongs to those of Classify and Regress, which Predict may call too.
_EXAMPLES = ("examples", "inputs")
# The fields of a TensorProto that hold numbers, one of them by its dtype.
_NUMBERS = ("int64_val", "int_val", "uint64_val", "uint32_val", "float_val", "double_val")


def users_of(request: Any, unit: str) -> list[bytes]:
    """Return the distinct users of a request in their order; empty: it names none.

    Args:
        request: the request message of Predict, Classify, Regress or MultiInference.
        unit: the input of Predict, or the feature of the sent tf.Examples, with the user; strings or integers.
    """
    values = (
        _of_inputs(request.inputs, unit) if hasattr(request, "inputs") else _of_input(request.input, unit)
    )
    return list(dict.fromkeys(value for value in values if value))


def _of_inputs(inputs: Any, unit: str) -> Iterable[bytes]:
    if unit in inputs:
        return _values(inputs[unit])
    return chain.from_iterable(
        _of_serialized(inputs[name].string_val, unit) for name in _EXAMPLES if name in inputs
    )


def _values(tensor: Any) -> list[bytes]:
    """Read what was sent, and no more: a shape may promise millions of values in a few bytes."""
    if tensor.string_val:
        return list(tensor.string_val)
    try:
        dtype = tf.as_dtype(tensor.dtype)
        found = np.frombuffer(tensor.tensor_content, dtype.as_numpy_dtype)
        if not found.size:
            sent = chain.from_iterable(getattr(tensor, field) for field in _NUMBERS)
            found = np.array([*sent], dtype.as_numpy_dtype)
        if not found.size and all(dimension.size for dimension in tensor.tensor_shape.dim):
            found = np.zeros(1, dtype.as_numpy_dtype)  # zeros need not be sent
        _, places = np.unique(found, return_index=True)
        return [b"%d" % int(value) for value in found[np.sort(places)]]
    except (TypeError, ValueError, OverflowError):  # no numbers: the model will say what is wrong with it
        return []


def _of_serialized(records: Iterable[bytes], unit: str) -> Iterator[bytes]:
    for record in records:
        try:
            example = tf.train.Example.FromString(record)
        except Exception:  # noqa: BLE001  protobuf's DecodeError has no public home; the model will say what is wrong
            return
        yield from _of_example(example, unit)


def _of_example(example: Any, unit: str) -> list[bytes]:
    feature = example.features.feature.get(unit)
    if feature is None:
        return []
    return [*feature.bytes_list.value, *(b"%d" % value for value in feature.int64_list.value)]


def _of_input(given: Any, unit: str) -> Iterator[bytes]:
    """Yield the users of a classification or regression; the context applies to every example of its list."""
    if given.WhichOneof("kind") == "example_list_with_context":
        yield from _of_example(given.example_list_with_context.context, unit)
        examples = given.example_list_with_context.examples
    else:
        examples = given.example_list.examples
    for example in examples:
        yield from _of_example(example, unit)
