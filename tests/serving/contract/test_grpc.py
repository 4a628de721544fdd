"""gRPC: requests and the answers that TensorFlow Serving gives to them, with the stubs of its own package."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
import tensorflow as tf
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    predict_pb2,
    regression_pb2,
)

from serving.contract.target import VERSION
from serving.grpc_api.asking import add_task, examples_for, refused
from serving.models import NAME, predict_request

_SECONDS = 20
_REGRESS, _CLASSIFY = "tensorflow/serving/regress", "tensorflow/serving/classify"


def test_predict_names_the_version_that_answered(prediction: Any) -> None:
    response = prediction.Predict(predict_request(1.0, 2.5), _SECONDS)
    assert list(response.outputs["y"].float_val) == [2.0, 5.0]
    spec = response.model_spec
    assert (spec.name, spec.version.value, spec.signature_name) == (NAME, VERSION, "serving_default")


def test_predict_by_version_through_a_signature_with_some_outputs(prediction: Any) -> None:
    request = predict_pb2.PredictRequest(output_filter=["echo"])
    request.model_spec.name, request.model_spec.signature_name = NAME, "pairs"
    request.model_spec.version.value = VERSION
    request.inputs["pair"].CopyFrom(tf.make_tensor_proto([[1.0, 2.0]]))
    request.inputs["text"].CopyFrom(tf.make_tensor_proto([b"\xff\x00"]))
    response = prediction.Predict(request, _SECONDS)
    assert list(response.outputs) == ["echo"]
    assert list(response.outputs["echo"].string_val) == [b"\xff\x00"]


def test_a_tensor_may_be_bytes_or_numbers(prediction: Any) -> None:
    request = predict_request()
    tensor = request.inputs["x"]
    tensor.Clear()
    tensor.dtype = tf.float32.as_datatype_enum
    tensor.tensor_shape.dim.add(size=3)
    tensor.float_val.append(1.5)  # the last value stands for the rest
    assert list(prediction.Predict(request, _SECONDS).outputs["y"].float_val) == [3, 3, 3]


def test_classify_and_regress(prediction: Any) -> None:
    asked = examples_for(classification_pb2.ClassificationRequest(), 3.0, signature="classify")
    [row] = prediction.Classify(asked, _SECONDS).result.classifications
    assert [(found.label, found.score) for found in row.classes] == [("up", 6), ("down", -6)]
    asked = examples_for(regression_pb2.RegressionRequest(), 3.0, -1.0, signature="regress")
    assert [found.value for found in prediction.Regress(asked, _SECONDS).result.regressions] == [6, -2]


def test_several_signatures_at_once(prediction: Any) -> None:
    request = inference_pb2.MultiInferenceRequest()
    request.input.example_list.examples.add().features.feature["x"].float_list.value.append(1.0)
    add_task(request, "regress", _REGRESS)
    add_task(request, "classify", _CLASSIFY)
    regress, classify = prediction.MultiInference(request, _SECONDS).results
    assert regress.regression_result.regressions[0].value == 2
    assert classify.classification_result.classifications[0].classes[1].score == -2


def test_metadata_and_status(prediction: Any, model: Any) -> None:
    asked = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    asked.model_spec.name = NAME
    signatures = get_model_metadata_pb2.SignatureDefMap()
    prediction.GetModelMetadata(asked, _SECONDS).metadata["signature_def"].Unpack(signatures)
    assert {"serving_default", "pairs", "classify", "regress"} <= set(signatures.signature_def)
    status = get_model_status_pb2.GetModelStatusRequest()
    status.model_spec.name = NAME
    [found] = model.GetModelStatus(status, _SECONDS).model_version_status
    assert (found.version, found.state) == (VERSION, get_model_status_pb2.ModelVersionStatus.AVAILABLE)


def _version(request: Any) -> None:
    request.model_spec.version.value = 9


def _label(request: Any) -> None:
    request.model_spec.version_label = "gold"


def _signature(request: Any) -> None:
    request.model_spec.signature_name = "no"


def _dtype(request: Any) -> None:
    request.inputs["x"].CopyFrom(tf.make_tensor_proto([1], tf.int64))


def _tensor(request: Any) -> None:
    request.inputs["x"].tensor_shape.dim[0].size = 1 << 40


def _name(request: Any) -> None:
    request.inputs["z"].CopyFrom(request.inputs.pop("x"))


_INVALID, _MISSING = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND
_REFUSED = [
    (_version, _MISSING, f"Servable not found for request: Specific({NAME}, 9)"),
    (_label, _INVALID, "Unrecognized servable version label: gold"),
    (_signature, grpc.StatusCode.FAILED_PRECONDITION, 'Serving signature key "no" not found.'),
    (_dtype, _INVALID, ""),
    (_tensor, _INVALID, "tensor parsing error: x"),
    (_name, _INVALID, "input tensor alias not found in signature: z"),
    (lambda r: r.inputs.clear(), _INVALID, "input size does not match signature: 0!=1"),
    (lambda r: r.model_spec.Clear(), _INVALID, ""),
    (lambda r: setattr(r.model_spec, "name", "no"), _MISSING, "Servable not found for request: Latest(no)"),
    (lambda r: r.output_filter.append("z"), _INVALID, "output tensor alias not found in signature: z"),
]


@pytest.mark.parametrize(("change", "code", "message"), _REFUSED)
def test_a_bad_request_is_refused_with_its_code_and_reason(
    prediction: Any, change: Any, code: grpc.StatusCode, message: str
) -> None:
    request = predict_request(1.0)
    change(request)
    found, details = refused(lambda: prediction.Predict(request, _SECONDS))
    assert (found, message in details) == (code, True)


def test_a_row_that_is_no_text_and_no_example_is_refused_and_others_are_answered(prediction: Any) -> None:
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = NAME, "regress"
    request.inputs["inputs"].CopyFrom(tf.make_tensor_proto([b"\xff\xfe"]))
    for _ in range(3):
        found, details = refused(lambda: prediction.Predict(request, _SECONDS))
        assert (found, "Could not parse example input" in details) == (_INVALID, True)
    assert list(prediction.Predict(predict_request(1.0), _SECONDS).outputs["y"].float_val) == [2.0]
