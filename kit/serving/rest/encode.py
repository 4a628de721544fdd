"""Answers to JSON, down to the real server's line breaks (those of RapidJSON's PrettyWriter)."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf import json_format
from tensorflow_serving.apis import get_model_metadata_pb2

from kit.serving.errors import invalid
from kit.serving.rest.decode import Format
from kit.serving.rest.dense import INTEGERS, Array, word_of

_INDENT = "    "
_BYTES_SUFFIX = "_bytes"  # suffix of the names of outputs whose strings are bytes
_DIGITS = {np.dtype(np.float32): 9, np.dtype(np.float64): 17}  # that tell neighbours apart


def predict_json(outputs: Mapping[str, Any], chosen: Format) -> str:
    """Return the answer of predict, in the format of the request.

    Args:
        outputs: TensorProtos by name.
        chosen: the request's format.

    Raises:
        ServingError: INVALID_ARGUMENT when the outputs cannot be written in that format.
    """
    if not outputs:
        raise invalid("Cannot convert empty tensor map to JSON")
    arrays = {name: tf.make_ndarray(outputs[name]) for name in sorted(outputs)}
    return _rows(arrays) if chosen is Format.ROW else _columns(arrays)


def classify_json(result: Any) -> str:
    """Return the answer of classify: for each example a list of [label, score] pairs."""
    if not result.classifications:
        raise invalid("Cannot convert empty ClassificationResults to JSON")
    rows = []
    for found in result.classifications:
        scores = decimals(np.array([each.score for each in found.classes], np.float32))
        labels = [text(each.label) for each in found.classes]
        rows.append(
            "[" + ", ".join(f"[{label}, {score}]" for label, score in zip(labels, scores, strict=True)) + "]"
        )
    return f'{{\n{_INDENT}"results": [{", ".join(rows)}\n{_INDENT}]\n}}'


def regress_json(result: Any) -> str:
    """Return the answer of regress: one number for each example."""
    if not result.regressions:
        raise invalid("Cannot convert empty RegressionResults to JSON")
    values = decimals(np.array([each.value for each in result.regressions], np.float32))
    return f'{{\n{_INDENT}"results": [{", ".join(values)}]\n}}'


def error_json(message: str) -> str:
    return f'{{\n{_INDENT}"error": {text(message)}\n}}'


def status_json(response: Any) -> str:
    """Return a GetModelStatusResponse as JSON."""
    for status in response.model_version_status:
        status.status.SetInParent()  # a version without an error shows the status OK
    return _message_json(response)


def metadata_json(response: Any) -> str:
    """Return a GetModelMetadataResponse as JSON."""
    signatures = get_model_metadata_pb2.SignatureDefMap()
    response.metadata["signature_def"].Unpack(signatures)
    return (
        f'{{\n"model_spec":{_message_json(response.model_spec)},\n'
        f'"metadata": {{"signature_def": {_message_json(signatures)}}}\n}}\n'
    )


def _message_json(message: Any) -> str:
    return str(
        json_format.MessageToJson(
            message,
            always_print_fields_with_no_presence=True,
            preserving_proto_field_name=True,
            indent=1,
            ensure_ascii=False,
        )
    )


def _rows(arrays: Mapping[str, Array]) -> str:
    size = _batch_size(arrays)
    named = len(arrays) > 1
    columns = [_join(_tokens(name, array, named), array.shape, kept=1) for name, array in arrays.items()]
    if not named:
        return f'{{\n{_INDENT}"predictions": [{", ".join(columns[0])}\n{_INDENT}]\n}}'
    keys = [text(name) for name in arrays]
    inner, outer = _line(3), _line(2)
    rows = []
    for number in range(size):
        pairs = [f"{key}: {column[number]}" for key, column in zip(keys, columns, strict=True)]
        rows.append(f"{outer}{{{inner}{(',' + inner).join(pairs)}{outer}}}")
    return f'{{\n{_INDENT}"predictions": [{",".join(rows)}\n{_INDENT}]\n}}'


def _line(level: int) -> str:
    return "\n" + level * _INDENT


def _batch_size(arrays: Mapping[str, Array]) -> int:
    size = 0
    for name, array in arrays.items():
        if not array.shape:
            raise invalid(f"Tensor name: {name} has no shape information ")
        found = array.shape[0]
        if found < 1:
            raise invalid(f"Tensor name: {name} has invalid batch size: {found}")
        if size not in {0, found}:
            raise invalid(f"Tensor name: {name} has inconsistent batch size: {found} expecting: {size}")
        size = found
    return size


def _columns(arrays: Mapping[str, Array]) -> str:
    named = len(arrays) > 1
    written = [
        (text(name), _join(_tokens(name, array, named), array.shape, level=2 + named)[0])
        for name, array in arrays.items()
    ]
    if not named:
        return f'{{\n{_INDENT}"outputs": {written[0][1]}\n}}'
    inner, outer = _line(2), _line(1)
    pairs = [f"{key}: {value}" for key, value in written]
    return f'{{{outer}"outputs": {{{inner}{("," + inner).join(pairs)}{outer}}}\n}}'


def _join(tokens: list[str], shape: Sequence[int], *, kept: int = 0, level: int | None = None) -> list[str]:
    """Join the tokens of values into nested lists.

    Args:
        tokens: one for each value.
        shape: the array's shape.
        kept: how many leading dimensions are left unjoined.
        level: the indentation of the outermost list's elements, when each gets a line of its own.
    """
    for depth in reversed(range(kept, len(shape))):
        size = shape[depth]
        if not size:
            tokens = ["[]"] * math.prod(shape[:depth])
            continue
        start = end = ""
        between = ", "
        if level is not None:
            start, end = _line(level + depth), _line(level + depth - 1)
            between = "," + start
        parts = (tokens[first : first + size] for first in range(0, len(tokens), size))
        tokens = [f"[{start}{between.join(part)}{end}]" for part in parts]
    return tokens


def _tokens(name: str, array: Array, named: bool) -> list[str]:
    """Return the values as JSON tokens."""
    values = array.ravel()
    if array.dtype in _DIGITS:
        return decimals(values)
    if array.dtype in INTEGERS:
        return list(map(str, values.tolist()))
    if array.dtype == bool:
        return ["true" if value else "false" for value in values.tolist()]
    if array.dtype == object:
        if not name.endswith(_BYTES_SUFFIX):
            return [text_of(value) for value in values.tolist()]
        # A value's depth: the lists of its tensor, the outer object, and one more if its outputs are named.
        level = array.ndim + 1 + named
        return [
            f'{{{_line(level + 1)}"b64": "{base64.b64encode(value).decode()}"{_line(level)}}}'
            for value in values.tolist()
        ]
    raise invalid(f"Failed to write JSON value for tensor type: {word_of(tf.as_dtype(array.dtype))}")


def decimals(values: Array) -> list[str]:
    """Format numbers: with six digits where that is exact, otherwise as many as it takes, and never as an integer.

    Args:
        values: the numbers, one dimension, float32 or float64.
    """
    numbers = values.tolist()
    short = [f"{number:g}" for number in numbers]
    same = (np.array([*map(float, short)]).astype(values.dtype) == values).tolist()
    digits = _DIGITS[values.dtype]
    return [
        _decimal(six if exact else f"{number:.{digits}g}")
        for six, exact, number in zip(short, same, numbers, strict=True)
    ]


_WORDS = {"nan": "NaN", "-nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def _decimal(number: str) -> str:
    if number in _WORDS:
        return _WORDS[number]
    return number if "." in number or "e" in number else number + ".0"


def text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def text_of(value: bytes) -> str:
    """Format a string of a tensor; bytes that are not UTF-8 become U+FFFD, since JSON has no bytes."""
    return text(value.decode(errors="replace"))
