"""Nested JSON lists to arrays, as the real server converts them, in two ways that must agree.

`fast` converts whole levels at a time and gives up at the first thing out of the ordinary; `exact` goes value by value
in the real server's order, so that its error is the real server's. A request of 100 candidates with 16 features takes
0.2 ms with the first and 1 ms with the second.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import grpc
import numpy as np
import tensorflow as tf
from tensorflow.core.framework import types_pb2

from kit.serving.errors import ServingError, invalid
from kit.serving.rest.parsing import (
    Constant,
    all_encoded,
    as_text,
    check_doubles,
    double_of,
    encoded,
    is_integer,
    type_name,
)

Array = np.ndarray[Any, Any]
_MOST_DIMENSIONS = 64  # NumPy's limit
_B64 = "b64"
_NUMBERS = {int, float, Constant}
_OBJECTS, _BOOLS = np.dtype(object), np.dtype(bool)
INTEGERS = {np.dtype(name) for name in ("int8", "int16", "int32", "int64", "uint8", "uint32", "uint64")}
_EXACT_INTEGERS: dict[np.dtype[Any], int] = {
    np.dtype(np.float32): (1 << 24) - 1,
    np.dtype(np.float64): (1 << 53) - 1,
}
"""The largest integers up to which a floating-point type represents every integer."""


class OutOfTheOrdinaryError(Exception):
    """`fast` gives up; `exact` must decide."""


def to_array(value: Any, dtype: Any) -> Array:
    """Return a JSON value as an array; its shape is that of the first elements of the lists.

    Args:
        value: a scalar, or lists nested to one depth.
        dtype: the TensorFlow dtype; for tf.string the array holds bytes objects.

    Raises:
        ServingError: INVALID_ARGUMENT when the value has another form or type; UNIMPLEMENTED when JSON cannot express
            the dtype.
    """
    try:
        return fast(value, dtype)
    except OutOfTheOrdinaryError:
        return exact(value, dtype)


def fast(value: Any, dtype: Any) -> Array:
    """Convert like `to_array`, a level at a time; raises OutOfTheOrdinaryError."""
    shape, leaves = _flatten(value)
    kinds = set(map(type, leaves))
    if list in kinds or len(shape) > _MOST_DIMENSIONS:
        raise OutOfTheOrdinaryError
    return _typed(leaves, kinds, dtype).reshape(shape)


def _flatten(value: Any) -> tuple[list[int], list[Any]]:
    shape: list[int] = []
    level = [value]
    while level and type(level[0]) is list:
        if set(map(type, level)) != {list} or len(sizes := set(map(len, level))) != 1:
            raise OutOfTheOrdinaryError
        shape.append(sizes.pop())
        level = list(chain.from_iterable(level))
    return shape, level


def _typed(leaves: Sequence[Any], kinds: set[type], dtype: Any) -> Array:
    target = np.dtype(dtype.as_numpy_dtype)
    if target == _OBJECTS and kinds <= {str}:
        return _objects(all_encoded(leaves))
    if target == _BOOLS and kinds <= {bool}:
        return np.array(leaves, bool)
    if target in INTEGERS and kinds <= {int}:
        try:
            return np.array(leaves, target)
        except OverflowError:
            raise OutOfTheOrdinaryError from None
    if target in _EXACT_INTEGERS and kinds <= _NUMBERS:
        return _floats(leaves, kinds, target)
    raise OutOfTheOrdinaryError


def _floats(leaves: Sequence[Any], kinds: set[type], target: np.dtype[Any]) -> Array:
    if int in kinds:
        integers = [leaf for leaf in leaves if type(leaf) is int]
        if max(integers) > _EXACT_INTEGERS[target] or min(integers) < -_EXACT_INTEGERS[target]:
            raise OutOfTheOrdinaryError
    wide = np.array(leaves, np.float64)
    infinite = np.isinf(wide)
    if (np.abs(wide)[~infinite] > np.finfo(target).max).any():
        raise OutOfTheOrdinaryError
    if infinite.any():
        check_doubles(leaves)
    return wide.astype(target)


def exact(value: Any, dtype: Any) -> Array:
    """Convert like `to_array`, value by value."""
    shape: list[int] = []
    first = value
    while type(first) is list:
        shape.append(len(first))
        first = first[0] if first else None
    if len(shape) > _MOST_DIMENSIONS:
        raise invalid(
            f"Encountered list at unexpected level: {_MOST_DIMENSIONS} expected < {_MOST_DIMENSIONS}"
        )
    target = np.dtype(dtype.as_numpy_dtype)
    leaves = list(_leaves(value, 0, shape, dtype))
    array = _objects(leaves) if target == _OBJECTS else np.array(leaves, target)
    return array.reshape(shape)


def _objects(leaves: Sequence[Any]) -> Array:
    array = np.empty(len(leaves), object)
    array[:] = leaves
    return array


def _leaves(value: Any, level: int, shape: Sequence[int], dtype: Any) -> Iterator[Any]:
    """Yield the values in a tensor's nested lists; the order of the checks decides which error a client sees."""
    if type(value) is not list:
        if level != len(shape):
            raise invalid(
                f"JSON Value: {as_text(value)} found at incorrect level: {level + 1} in the JSON DOM. "
                f"Expected at level: {len(shape)}"
            )
        yield _leaf(value, dtype)
        return
    if level >= len(shape):
        raise invalid(f"Encountered list at unexpected level: {level} expected < {len(shape)}")
    if len(value) != shape[level]:
        raise invalid(
            f"Encountered list at unexpected size: {len(value)} at level: {level} expected size: {shape[level]}"
        )
    for element in value:
        yield from _leaves(element, level + 1, shape, dtype)


def _leaf(value: Any, dtype: Any) -> Any:
    target = np.dtype(dtype.as_numpy_dtype)
    found: Any
    if target == _OBJECTS:
        if type(value) is dict:
            return from_base64(value)
        found = encoded(value) if type(value) is str else None
    elif target in _EXACT_INTEGERS:
        return _float(value, dtype)
    elif target in INTEGERS:
        limits = np.iinfo(target)
        found = value if is_integer(value) and limits.min <= value <= limits.max else None
    elif target == _BOOLS:
        found = value if type(value) is bool else None
    else:
        raise ServingError(
            grpc.StatusCode.UNIMPLEMENTED,
            f"Conversion of JSON Value: {as_text(value)} to type: {word_of(dtype)}",
        )
    if found is None:
        raise _type_error(value, dtype)
    return found


def _float(value: Any, dtype: Any) -> float:
    if type(value) not in _NUMBERS:
        raise _type_error(value, dtype)
    number = double_of(value)
    target = np.dtype(dtype.as_numpy_dtype)
    most = _EXACT_INTEGERS[target] if is_integer(value) else float(np.finfo(target).max)
    if np.isfinite(number) and abs(value if is_integer(value) else number) > most:
        word = "float" if target == np.float32 else "double"
        raise invalid(f"Cannot convert JSON value: {as_text(value)} to {word} without loss of precision.")
    return number


def _type_error(value: Any, dtype: Any) -> ServingError:
    return invalid(
        f"JSON Value: {as_text(value)} Type: {type_name(value)} is not of expected type: {word_of(dtype)}"
    )


def word_of(dtype: Any) -> str:
    """Return TensorFlow's own word for a dtype: float, not float32."""
    return str(types_pb2.DataType.Name(dtype.as_datatype_enum)).removeprefix("DT_").lower()


def is_base64(value: Any) -> bool:
    """Return whether a value stands for bytes: {"b64": "…"}."""
    return type(value) is dict and len(value) == 1 and type(value.get(_B64)) is str


def from_base64(value: Mapping[str, Any]) -> bytes:
    """Return the bytes that a {"b64": "…"} stands for.

    Raises:
        ServingError: INVALID_ARGUMENT when it is not of that form or not base64.
    """
    if not is_base64(value):
        raise invalid(f"JSON Value: {as_text(value)} not formatted correctly for base64 data")
    text = "".join(value[_B64].split()).rstrip(
        "="
    )  # like absl's decoder, which accepts blanks and missing padding
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise invalid("Unable to base64 decode") from None


def dtype_of(info: Any) -> Any:
    """Return TensorFlow's dtype of a TensorInfo."""
    return tf.as_dtype(info.dtype)
