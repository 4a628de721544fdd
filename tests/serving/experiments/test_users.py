from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import classification_pb2, inference_pb2, predict_pb2, regression_pb2

from kit.serving.experiments.users import users_of


def predict(**inputs: Any) -> Any:
    request = predict_pb2.PredictRequest()
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return request


def example(*users: bytes | int) -> tf.train.Example:
    made = tf.train.Example()
    made.features.feature["x"].float_list.value.append(1)
    for user in users:
        feature = made.features.feature["user_id"]
        (feature.bytes_list if isinstance(user, bytes) else feature.int64_list).value.append(user)
    return made


@pytest.mark.parametrize(
    ("value", "users"),
    [
        (["u1"], [b"u1"]),
        (["u1", "u2", "u1"], [b"u1", b"u2"]),
        (["u1", ""], [b"u1"]),
        ([], []),
        (np.array([7, 7], np.int64), [b"7"]),
        (np.array([[3]], np.int32), [b"3"]),
        ([1.5], [b"1"]),
    ],
    ids=["one", "several", "an empty one", "none", "numbers", "int32", "floats"],
)
def test_users_are_read_from_an_input(value: Any, users: list[bytes]) -> None:
    assert users_of(predict(user_id=value, x=[1.0]), "user_id") == users


def test_a_tensor_that_holds_no_numbers_names_no_user() -> None:
    request = predict(user_id=[1, 2])
    request.inputs["user_id"].tensor_content = b"abc"
    assert users_of(request, "user_id") == []
    assert users_of(predict(x=[1.0]), "user_id") == []


def test_a_shape_that_promises_more_than_was_sent_costs_nothing() -> None:
    request = predict(user_id=np.array([7], np.int64))
    tensor = request.inputs["user_id"]
    tensor.tensor_shape.dim[0].size = 1 << 40
    assert users_of(request, "user_id") == [b"7"]
    tensor.int64_val[:] = [8, 7, 8]
    assert users_of(request, "user_id") == [b"8", b"7"]
    tensor.ClearField("int64_val")
    tensor.tensor_content = np.array([9, 9, 3], np.int64).tobytes()
    assert users_of(request, "user_id") == [b"9", b"3"]
    tensor.ClearField("tensor_content")
    assert users_of(request, "user_id") == [b"0"], "zeros need not be sent"


def test_a_number_that_is_none_names_no_user() -> None:
    assert users_of(predict(user_id=[float("inf")]), "user_id") == []
    assert users_of(predict(user_id=[float("nan")]), "user_id") == []


def test_users_are_read_from_serialized_examples() -> None:
    records = [example(b"u1").SerializeToString(), example(7).SerializeToString()]
    assert users_of(predict(examples=records), "user_id") == [b"u1", b"7"]
    assert users_of(predict(inputs=records), "user_id") == [b"u1", b"7"], "as Classify's signature calls them"
    assert users_of(predict(examples=[b"\xff\xff", *records]), "user_id") == []
    assert users_of(predict(examples=[example().SerializeToString()]), "user_id") == []


@pytest.mark.parametrize(
    "kind",
    [
        classification_pb2.ClassificationRequest,
        regression_pb2.RegressionRequest,
        inference_pb2.MultiInferenceRequest,
    ],
)
def test_users_are_read_from_examples_of_the_other_apis(kind: Any) -> None:
    request = kind()
    request.input.example_list.examples.extend([example(b"u1"), example(b"u1")])
    assert users_of(request, "user_id") == [b"u1"]
    request.input.example_list_with_context.context.CopyFrom(example(b"u2"))
    request.input.example_list_with_context.examples.extend([example()])
    assert users_of(request, "user_id") == [b"u2"]
