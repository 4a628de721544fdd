from __future__ import annotations

from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import classification_pb2, regression_pb2

from kit.serving import answers
from kit.serving.errors import ServingError
from kit.serving.servable import Servable
from serving.models import NAME, predict_request


def _asked(request: Any, signature: str, rows: int = 2) -> Any:
    request.model_spec.name, request.model_spec.signature_name = NAME, signature
    for number in range(rows):
        added = request.input.example_list.examples.add()
        added.features.feature["x"].float_list.value.append(number + 1)
    return request


@pytest.fixture(scope="module")
def modern(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return a model as TensorFlow 2 saves it: all its signatures say that they predict."""

    class Model(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "inputs")], autograph=False)
        def classify(self, inputs: Any) -> dict[str, Any]:
            x = tf.io.parse_example(inputs, {"x": tf.io.FixedLenFeature([], tf.float32)})["x"]
            return {"scores": tf.stack([x, 1 - x], axis=1)}

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "inputs")], autograph=False)
        def odd(self, inputs: Any) -> dict[str, Any]:
            del inputs
            return {"scores": tf.constant([0.5]), "outputs": tf.constant([[1.0, 2.0]])}

    folder = tmp_path_factory.mktemp("modern") / "1"
    model = Model()
    tf.saved_model.save(model, str(folder), {"classify": model.classify, "odd": model.odd})
    servable = Servable.load(NAME, 1, Path(folder))
    yield servable
    servable.close()


def test_signatures_of_tensorflow_2_classify_when_methods_are_not_checked(modern: Servable) -> None:
    request = _asked(classification_pb2.ClassificationRequest(), "classify")
    with pytest.raises(ServingError, match="method_name to be tensorflow/serving/classify"):
        answers.classify(modern, request)
    rows = answers.classify(modern, request, check_method=False).result.classifications
    assert [[(entry.label, entry.score) for entry in row.classes] for row in rows] == [
        [("", 1), ("", 0)],
        [("", 2), ("", -1)],
    ]


def test_a_context_is_not_repeated_without_end() -> None:
    request = classification_pb2.ClassificationRequest()
    given = request.input.example_list_with_context
    given.context.features.feature["text"].bytes_list.value.append(b" " * 1_000_000)
    given.examples.add()
    assert len(answers.examples_of(request.input)[0]) > 1_000_000
    for _ in range(99):
        given.examples.add()
    with pytest.raises(ServingError, match="would be repeated for 100 examples") as raised:
        answers.examples_of(request.input)
    assert raised.value.code is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_answers_that_do_not_fit_their_method_are_errors(modern: Servable) -> None:
    request = _asked(classification_pb2.ClassificationRequest(), "odd")
    with pytest.raises(ServingError, match=r"\[batch_size num_classes\] but got \[1\]"):
        answers.classify(modern, request, check_method=False)
    regression = _asked(regression_pb2.RegressionRequest(), "odd")
    with pytest.raises(ServingError, match=r"either \[batch_size\] or \[batch_size, 1\] but got \[1, 2\]"):
        answers.regress(modern, regression, check_method=False)
    with pytest.raises(ServingError, match="No regression outputs found") as raised:
        answers.regress(modern, _asked(regression_pb2.RegressionRequest(), "classify"), check_method=False)
    assert raised.value.code is grpc.StatusCode.FAILED_PRECONDITION


def test_an_answer_may_hold_bytes_instead_of_fields(linear: Servable) -> None:
    response = answers.predict(linear, predict_request(1.0, 2.0), as_content=True)
    assert not response.outputs["y"].float_val
    np.testing.assert_array_equal(tf.make_ndarray(response.outputs["y"]), [2, 4])


@pytest.mark.parametrize("signature", ["", "serving_default", "three"])
@pytest.mark.parametrize("as_content", [False, True], ids=["values", "content"])
def test_a_serialized_answer_is_the_message(linear: Servable, signature: str, *, as_content: bool) -> None:
    request = predict_request(1.0, 2.0, 3.0, signature=signature)
    question = answers.predict_question(linear, request)
    values = linear.compute(question.feeds, question.fetches)
    found = answers.predict_serialized(linear, signature, question.names, values, as_content=as_content)
    message = answers.predict_response(linear, request, question, values, as_content=as_content)
    assert type(message).FromString(found) == message
