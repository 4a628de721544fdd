"""A body of classify or regress to the tf.Examples of a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from kit.serving.errors import ServingError, invalid
from kit.serving.rest.decode import signature_name
from kit.serving.rest.dense import from_base64, is_base64
from kit.serving.rest.parsing import as_text, double_of, encoded, form_error, is_integer, parse
from kit.serving.rest.parsing import type_name as json_type

_CONTEXT, _EXAMPLES = "context", "examples"
_INT64_MAX = (1 << 63) - 1
_FLOAT_MAX = float(np.finfo(np.float32).max)
_WORDS = {"bytes_list": "bytes", "float_list": "float", "int64_list": "int64"}


def fill_examples(body: bytes, request: Any) -> None:
    """Fill a ClassificationRequest or RegressionRequest.

    Args:
        body: the body, JSON.
        request: the message to fill; its model_spec already has model and version.

    Raises:
        ServingError: INVALID_ARGUMENT when the body is not of that form.
    """
    document = parse(body)
    request.model_spec.signature_name = signature_name(document)
    if _CONTEXT in document:
        target = request.input.example_list_with_context
        _fill_example(document[_CONTEXT], target.context)
    else:
        target = request.input.example_list
    for value in _examples(document):
        _fill_example(value, target.examples.add())


def _examples(document: Mapping[str, Any]) -> list[Any]:
    if _EXAMPLES not in document:
        raise form_error(
            document, f"When method is classify, key '{_EXAMPLES}' is expected and was not found"
        )
    examples = document[_EXAMPLES]
    if type(examples) is not list:
        raise form_error(document, f"Expecting '{_EXAMPLES}' value to be an list/array")
    if not examples:
        raise form_error(document, f"'{_EXAMPLES}' value is an empty array")
    return examples


def _fill_example(value: Any, example: Any) -> None:
    if type(value) is not dict:
        raise invalid(f"Example must be JSON object but got JSON {json_type(value)}")
    for name, content in value.items():
        encoded(name)
        feature = example.features.feature[name]
        for element in content if type(content) is list else [content]:
            _add_value(element, name, feature)


def _add_value(value: Any, name: str, feature: Any) -> None:
    """Add one value; a feature's first value decides the kind of all of them."""
    kind, content = _kind_of(value, name)
    found = feature.WhichOneof("kind")
    if found not in {None, kind}:
        raise invalid(f"Unexpected element type in feature: {name} expecting type: {_WORDS[found]}")
    getattr(feature, kind).value.append(content)


def _kind_of(value: Any, name: str) -> tuple[str, Any]:
    if type(value) is bool:
        return "int64_list", int(value)
    if type(value) is str:
        return "bytes_list", encoded(value)
    if is_base64(value):
        return "bytes_list", from_base64(value)
    if is_integer(value):
        if value > _INT64_MAX:
            raise invalid(f"Feature: {name} has uint64 element. Only int64 is supported.")
        return "int64_list", value
    if isinstance(value, int | float):
        return "float_list", _float(value)
    raise _unexpected(value, name)


def _float(value: float) -> float:
    number = double_of(value)
    if np.isfinite(number) and abs(number) > _FLOAT_MAX:
        raise invalid(f"Cannot convert JSON value: {as_text(value)} to float without loss of precision.")
    return number


def _unexpected(value: Any, name: str) -> ServingError:
    return invalid(f"Feature: {name} has element with unexpected JSON type: {json_type(value)}")
