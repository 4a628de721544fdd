"""Answers to JSON: the real server's line breaks and digits, and numbers that come back as they were."""

from __future__ import annotations

import json
from typing import Any

import hypothesis
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from tensorflow_serving.apis import classification_pb2, regression_pb2

from kit.serving.errors import ServingError
from kit.serving.rest.decode import Format
from kit.serving.rest.dense import to_array
from kit.serving.rest.encode import classify_json, decimals, error_json, predict_json, regress_json
from kit.serving.rest.parsing import Constant


def _protos(**values: Any) -> dict[str, Any]:
    return {name: tf.make_tensor_proto(value) for name, value in values.items()}


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0.2, "0.2"),
        (1, "1.0"),
        (-0.0, "-0.0"),
        (1 / 3, "0.333333343"),
        (9_000_000, "9e+06"),
        (9_000_001, "9000001.0"),
        (3e-5, "3e-05"),
        (float("nan"), "NaN"),
        (float("inf"), "Infinity"),
        (float("-inf"), "-Infinity"),
    ],
)
def test_a_number_has_six_digits_or_as_many_as_it_takes(number: float, expected: str) -> None:
    assert decimals(np.array([number], np.float32)) == [expected]


def test_a_double_has_up_to_seventeen_digits() -> None:
    assert decimals(np.array([0.1, 1 / 3])) == ["0.1", "0.33333333333333331"]


_ROWS = [
    ({"y": np.array([1, 2], np.float32)}, '{\n    "predictions": [1.0, 2.0\n    ]\n}'),
    ({"y": [[1, 2], [3, 4]]}, '{\n    "predictions": [[1, 2], [3, 4]\n    ]\n}'),
    ({"y": np.zeros((2, 0), np.int32)}, '{\n    "predictions": [[], []\n    ]\n}'),
    (
        {"b": [True, False], "a": [[b"x"], [b"y"]]},
        (
            '{\n    "predictions": [\n        {\n            "a": ["x"],\n            "b": true\n        },\n'
            '        {\n            "a": ["y"],\n            "b": false\n        }\n    ]\n}'
        ),
    ),
    (
        {"y_bytes": [b"hi"]},
        '{\n    "predictions": [{\n            "b64": "aGk="\n        }\n    ]\n}',
    ),
]
_COLUMNS = [
    ({"y": 5}, '{\n    "outputs": 5\n}'),
    ({"y": [1, 2]}, '{\n    "outputs": [\n        1,\n        2\n    ]\n}'),
    (
        {"y": [[1], [2]]},
        '{\n    "outputs": [\n        [\n            1\n        ],\n        [\n            2\n        ]\n    ]\n}',
    ),
    (
        {"a": [1], "b_bytes": [b"hi"]},
        (
            '{\n    "outputs": {\n        "a": [\n            1\n        ],\n        "b_bytes": [\n            {\n'
            '                "b64": "aGk="\n            }\n        ]\n    }\n}'
        ),
    ),
]


@pytest.mark.parametrize(("outputs", "expected"), _ROWS)
def test_outputs_are_written_row_by_row(outputs: dict[str, Any], expected: str) -> None:
    assert predict_json(_protos(**outputs), Format.ROW) == expected


@pytest.mark.parametrize(("outputs", "expected"), _COLUMNS)
def test_outputs_are_written_column_by_column(outputs: dict[str, Any], expected: str) -> None:
    assert predict_json(_protos(**outputs), Format.COLUMN) == expected


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        ({}, "Cannot convert empty tensor map to JSON"),
        ({"y": 1.0}, "Tensor name: y has no shape information "),
        ({"y": np.zeros(0)}, "Tensor name: y has invalid batch size: 0"),
        ({"y": [1, 2], "z": [1]}, "Tensor name: z has inconsistent batch size: 1 expecting: 2"),
        ({"y": np.array([1], np.float16)}, "Failed to write JSON value for tensor type: half"),
    ],
)
def test_outputs_that_are_no_rows_are_refused(outputs: dict[str, Any], message: str) -> None:
    with pytest.raises(ServingError) as raised:
        predict_json(_protos(**outputs), Format.ROW)
    assert raised.value.message == message


def test_texts_are_valid_json_whatever_they_are() -> None:
    found = predict_json(_protos(y=[b'"\\\n\x01', b"\xff", "é\U0001f600".encode()]), Format.ROW)
    assert json.loads(found) == {"predictions": ['"\\\n\x01', "�", "é\U0001f600"]}


def test_classes_and_values() -> None:
    classes = classification_pb2.ClassificationResult()
    for label, score in (("car", 0.2), ('"', 1.0)):
        classes.classifications.add().classes.add(label=label, score=score)
    assert classify_json(classes) == '{\n    "results": [[["car", 0.2]], [["\\"", 1.0]]\n    ]\n}'
    values = regression_pb2.RegressionResult()
    for value in (0.2, float("-inf")):
        values.regressions.add(value=value)
    assert regress_json(values) == '{\n    "results": [0.2, -Infinity]\n}'
    with pytest.raises(ServingError, match="Cannot convert empty ClassificationResults to JSON"):
        classify_json(classification_pb2.ClassificationResult())
    with pytest.raises(ServingError, match="Cannot convert empty RegressionResults to JSON"):
        regress_json(regression_pb2.RegressionResult())


def test_an_error_is_json_too() -> None:
    assert error_json('no "x"') == '{\n    "error": "no \\"x\\""\n}'


@hypothesis.settings(max_examples=200, deadline=None)
@hypothesis.given(
    st.sampled_from(["float32", "float64", "int8", "int32", "int64", "uint8", "uint64", "bool"]).flatmap(
        lambda dtype: arrays.arrays(dtype, arrays.array_shapes(max_dims=3, max_side=4))
    ),
    st.sampled_from(Format),
)
def test_numbers_come_back_to_the_bit(values: Any, chosen: Format) -> None:
    # Nine digits of the largest float32 are above it, and refused as by the real server.
    if values.dtype == np.float32:
        hypothesis.assume((np.abs(values) != np.finfo(np.float32).max).all())
    text = predict_json(_protos(y=values), chosen)
    [found] = json.loads(text, parse_constant=Constant).values()
    back = to_array(found, tf.as_dtype(values.dtype))
    np.testing.assert_array_equal(back, values)
    assert back.shape == values.shape


@hypothesis.settings(max_examples=100, deadline=None)
@hypothesis.given(st.lists(st.binary(max_size=5), min_size=1, max_size=4))
def test_bytes_come_back_when_the_name_says_that_they_are(values: list[bytes]) -> None:
    text = predict_json(_protos(y_bytes=np.array(values, object)), Format.ROW)
    assert to_array(json.loads(text)["predictions"], tf.string).tolist() == values
