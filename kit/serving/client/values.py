"""Tensors and JSON to plain values, the same ones by both ways."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import tensorflow as tf


def to_json(value: Any, dtype: Any) -> Any:
    """Return an array, nested lists or a scalar as REST wants it; bytes are base64.

    Args:
        value: of an input.
        dtype: TensorFlow's, of the input; None when it is not known. A server refuses a large integer where it wants
            numbers that are none, so those are rounded here, as gRPC's client does.
    """
    # As objects, texts keep the zeros at their ends, which NumPy's own texts lose.
    is_texts = dtype is None or dtype == tf.string
    wanted = object if is_texts else dtype.as_numpy_dtype if dtype.is_floating else None
    return _json(np.asarray(value, wanted).tolist())


def _json(value: Any) -> Any:
    if isinstance(value, list):
        return [_json(element) for element in value]
    return {"b64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def from_json(value: Any, dtype: Any) -> Any:
    """Return the values of an answer of REST as they are in the tensor: float32's digits are not those of a double.

    Args:
        value: of the JSON.
        dtype: TensorFlow's, of the output.
    """
    return _decoded(value) if dtype == tf.string else np.array(value, dtype.as_numpy_dtype).tolist()


def _decoded(value: Any) -> Any:
    if isinstance(value, list):
        return [_decoded(element) for element in value]
    return _text(base64.b64decode(value["b64"])) if isinstance(value, dict) else value


def from_tensor(proto: Any) -> Any:
    """Return a TensorProto's values, lists nested as it is; texts are str, or bytes where they are not UTF-8."""
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
    """Return the shape of a TensorInfo: [?, 2] is any number of rows of two values."""
    if info.tensor_shape.unknown_rank:
        return "?"
    return f"[{', '.join('?' if size.size < 0 else str(size.size) for size in info.tensor_shape.dim)}]"
