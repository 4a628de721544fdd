"""Tensors and JSON to plain values, the same for both transports."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from kit.errors import UsageError
from kit.texts import shorten

_SHOWN = 200  # characters of a value


def converted(name: str, value: Any, dtype: Any, convert: Callable[[Any, Any], Any]) -> Any:
    """Return what a conversion makes of the value of an input.

    Raises:
        UsageError: when it cannot; names the input.
    """
    try:
        return convert(value, dtype)
    except (TypeError, ValueError) as error:
        kind = dtype.name if dtype else "values of one type"
        raise UsageError(
            f"Input {name} takes {kind}, but {shorten(repr(value), _SHOWN)} was given: "
            f"{shorten(str(error), _SHOWN)}. Correct the value."
        ) from None


def to_json(value: Any, dtype: Any) -> Any:
    """Return an array, nested lists or a scalar as JSON for REST; bytes become base64.

    Args:
        value: the value of an input.
        dtype: the input's TensorFlow dtype; None when it is not known. A server refuses an integer too large for a
            floating-point input, so integers for such inputs are rounded here, as the gRPC client does.
    """
    # As objects, strings keep trailing NUL bytes, which NumPy's own string types drop.
    is_texts = dtype is None or dtype == tf.string
    wanted = object if is_texts else dtype.as_numpy_dtype if dtype.is_floating else None
    return _json(np.asarray(value, wanted).tolist())


def _json(value: Any) -> Any:
    if isinstance(value, list):
        return [_json(element) for element in value]
    if isinstance(value, complex):
        raise TypeError("JSON has no complex numbers, ask by gRPC")
    return {"b64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def from_json(value: Any, dtype: Any) -> Any:
    """Return the values of a REST answer as in the tensor: float32 is rounded to float32, since JSON reads doubles.

    Args:
        value: the parsed JSON value.
        dtype: the output's TensorFlow dtype.
    """
    return _decoded(value) if dtype == tf.string else np.array(value, dtype.as_numpy_dtype).tolist()


def _decoded(value: Any) -> Any:
    if isinstance(value, list):
        return [_decoded(element) for element in value]
    return _text(base64.b64decode(value["b64"])) if isinstance(value, dict) else value


def from_tensor(proto: Any) -> Any:
    """Return a TensorProto's values, lists nested like it; strings are str, or bytes where they are not UTF-8."""
    array = tf.make_ndarray(proto)
    return _texts(array.tolist()) if array.dtype == object else array.tolist()


def _texts(value: Any) -> Any:
    return [_texts(element) for element in value] if isinstance(value, list) else _text(value)


def _text(value: bytes) -> str | bytes:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value


def shape_text(info: Any) -> str:
    """Return the shape of a TensorInfo as text: [?, 2] is any number of rows of two values."""
    if info.tensor_shape.unknown_rank:
        return "?"
    return f"[{', '.join('?' if size.size < 0 else str(size.size) for size in info.tensor_shape.dim)}]"
