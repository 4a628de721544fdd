"""Bodies of classify and regress to tf.Examples, and what is none."""

from __future__ import annotations

import json
from typing import Any

import pytest
import tensorflow as tf
from tensorflow_serving.apis import classification_pb2

from kit.serving.errors import ServingError
from kit.serving.rest.examples import fill_examples


def _filled(body: Any) -> Any:
    request = classification_pb2.ClassificationRequest()
    fill_examples(body if isinstance(body, bytes) else json.dumps(body).encode(), request)
    return request


def _features(example: Any) -> dict[str, Any]:
    assert isinstance(example, tf.train.Example)
    return {
        name: list(getattr(feature, feature.WhichOneof("kind")).value) if feature.WhichOneof("kind") else None
        for name, feature in example.features.feature.items()
    }


def test_examples_have_the_kinds_of_their_values() -> None:
    request = _filled(
        b'{"signature_name": "s", "examples": [{"text": "x", "bytes": [{"b64": "/w=="}, "y"], "real": [1.5, NaN],'
        b' "whole": [1, true, false], "none": []}]}'
    )
    assert request.model_spec.signature_name == "s"
    found = _features(request.input.example_list.examples[0])
    assert (found["text"], found["bytes"], found["whole"]) == ([b"x"], [b"\xff", b"y"], [1, 1, 0])
    assert (found["real"][0], str(found["real"][1]), found["none"]) == (1.5, "nan", None)


def test_the_ends_of_int64_stay_whole_numbers() -> None:
    ends = [-(1 << 63), (1 << 63) - 1]
    request = _filled({"examples": [{"x": ends}]})
    assert _features(request.input.example_list.examples[0]) == {"x": ends}


def test_a_context_is_for_all_examples() -> None:
    given = _filled({"context": {"q": "pizza"}, "examples": [{"x": 1}, {}]}).input.example_list_with_context
    assert _features(given.context) == {"q": [b"pizza"]}
    assert [_features(example) for example in given.examples] == [{"x": [1]}, {}]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "JSON Value: {} When method is classify, key 'examples' is expected and was not found"),
        ({"examples": {"x": 1}}, "Expecting 'examples' value to be an list/array"),
        ({"examples": []}, "'examples' value is an empty array"),
        ({"examples": [[1]]}, "Example must be JSON object but got JSON Array"),
        ({"context": 1, "examples": [{}]}, "Example must be JSON object but got JSON Number"),
        ({"examples": [{"x": [1, None]}]}, "Feature: x has element with unexpected JSON type: Null"),
        ({"examples": [{"x": [[1]]}]}, "Feature: x has element with unexpected JSON type: Array"),
        ({"examples": [{"x": {"y": 1}}]}, "Feature: x has element with unexpected JSON type: Object"),
        ({"examples": [{"x": [1, 1.0]}]}, "Unexpected element type in feature: x expecting type: int64"),
        ({"examples": [{"x": ["a", 1]}]}, "Unexpected element type in feature: x expecting type: bytes"),
        ({"examples": [{"x": (1 << 64) - 1}]}, "Feature: x has uint64 element. Only int64 is supported."),
        ({"examples": [{"x": 1e39}]}, "Cannot convert JSON value: 1e+39 to float without loss of precision."),
        (b'{"examples": [{"x": 1e999}]}', "JSON Parse error: Number too big to be stored in double."),
        (b'{"examples": [{"x": {"b64": "~"}}]}', "Unable to base64 decode"),
        (b'{"examples": [{"x": "\\ud800"}]}', "JSON Parse error: The surrogate pair in string is invalid."),
        (b'{"examples": [{"\\ud800": 1}]}', "JSON Parse error: The surrogate pair in string is invalid."),
        ({"examples": [{}], "signature_name": 5}, "'signature_name' key must be a string value."),
    ],
)
def test_what_is_no_example_is_refused(body: Any, message: str) -> None:
    with pytest.raises(ServingError) as raised:
        _filled(body)
    assert message in raised.value.message
