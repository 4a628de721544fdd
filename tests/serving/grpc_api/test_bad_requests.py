"""Bad requests through the port: the codes and texts of the real server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
import pytest
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
)

from kit.serving.headers import MODELS_HEADER
from serving.grpc_api.asking import add_task, examples_for, refused
from serving.models import NAME, predict_request

_SECONDS = 20


def _predict_as(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def call(stub: Any) -> Any:
        request = predict_request(1.0)
        change(request)
        return stub.Predict(request, _SECONDS)

    return call


def _classify_as(signature: str, *numbers: float) -> Callable[[Any], Any]:
    request = examples_for(classification_pb2.ClassificationRequest(), *numbers, signature=signature)
    return lambda stub: stub.Classify(request, _SECONDS)


def _multi_as(*tasks: tuple[str, ...]) -> Callable[[Any], Any]:
    request = inference_pb2.MultiInferenceRequest()
    request.input.example_list.examples.add()
    for task in tasks:
        add_task(request, *task)
    return lambda stub: stub.MultiInference(request, _SECONDS)


def _metadata_as(*fields: str, name: str = NAME) -> Callable[[Any], Any]:
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=fields)
    if name:
        request.model_spec.name = name
    return lambda stub: stub.GetModelMetadata(request, _SECONDS)


_INVALID, _MISSING = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND
_REGRESS = "tensorflow/serving/regress"
_REFUSED = [
    (_predict_as(lambda r: r.model_spec.Clear()), _INVALID, "ModelSpec has no name specified."),
    (
        _predict_as(lambda r: setattr(r.model_spec, "name", "x")),
        _MISSING,
        "Servable not found for request: Latest(x)",
    ),
    (
        _predict_as(lambda r: setattr(r.model_spec.version, "value", 9)),
        _MISSING,
        "Servable not found for request: Specific(linear, 9)",
    ),
    (
        _predict_as(lambda r: setattr(r.model_spec, "version_label", "gold")),
        _INVALID,
        "Unrecognized servable version label: gold",
    ),
    (
        _predict_as(lambda r: setattr(r.model_spec, "signature_name", "x")),
        grpc.StatusCode.FAILED_PRECONDITION,
        'Serving signature key "x" not found.',
    ),
    (_predict_as(lambda r: r.inputs.clear()), _INVALID, "input size does not match signature: 0!=1"),
    (
        _predict_as(lambda r: setattr(r.inputs["x"], "dtype", 99)),
        _INVALID,
        "tensor parsing error: x",
    ),
    (
        _predict_as(lambda r: r.output_filter.append("z")),
        _INVALID,
        "output tensor alias not found in signature: z",
    ),
    (_classify_as("x", 1.0), _INVALID, "No signature was found with the name: x"),
    (
        _classify_as("regress", 1.0),
        _INVALID,
        "Expected classification signature method_name to be tensorflow/serving/classify. Was: " + _REGRESS,
    ),
    (_classify_as("classify"), _INVALID, "Input is empty."),
    (_multi_as(), _INVALID, "Inference request must contain at least 1 task"),
    (
        _multi_as(("regress", _REGRESS), ("regress", _REGRESS)),
        _INVALID,
        "Duplicate evaluation of signature: regress",
    ),
    (
        _multi_as(("regress", _REGRESS), ("x", _REGRESS)),
        _INVALID,
        "Requested signature not found in model graph: x",
    ),
    (
        _multi_as(("regress", _REGRESS), ("classify", _REGRESS, "z")),
        _INVALID,
        "All ModelSpecs in a MultiInference",
    ),
    (
        _multi_as(("regress", "tensorflow/serving/predict")),
        grpc.StatusCode.UNIMPLEMENTED,
        "Unsupported signature method_name: tensorflow/serving/predict",
    ),
    (_metadata_as(name=""), _INVALID, "Missing ModelSpec"),
    (_metadata_as(), _INVALID, "GetModelMetadataRequest must specify at least one metadata_field"),
    (_metadata_as("weights"), _INVALID, "Metadata field weights is not supported"),
]


@pytest.mark.parametrize(("call", "code", "message"), _REFUSED)
def test_bad_requests_have_the_real_servers_codes_and_texts(
    prediction: Any, call: Callable[[Any], Any], code: grpc.StatusCode, message: str
) -> None:
    found, details = refused(lambda: call(prediction))
    assert (found, details[: len(message)]) == (code, message)


def test_examples_that_the_model_cannot_parse_are_an_error_of_the_request(prediction: Any) -> None:
    request = classification_pb2.ClassificationRequest()
    request.model_spec.name, request.model_spec.signature_name = NAME, "classify"
    request.input.example_list.examples.add()
    code, details = refused(lambda: prediction.Classify(request, _SECONDS))
    assert code is _INVALID
    assert "feature: x (data type: float) is required" in details.lower()


@pytest.mark.parametrize("api", ["Predict", "GetModelStatus"])
def test_a_model_that_the_gateway_lets_nobody_ask_is_refused(prediction: Any, model: Any, api: str) -> None:
    status = get_model_status_pb2.GetModelStatusRequest()
    status.model_spec.name = NAME

    def ask(allowed: str) -> object:
        metadata = ((MODELS_HEADER, allowed),)
        if api == "Predict":
            return prediction.Predict(predict_request(1.0), _SECONDS, metadata=metadata)
        return model.GetModelStatus(status, _SECONDS, metadata=metadata)

    ask(f"other,{NAME}")
    assert refused(lambda: ask("other")) == (
        grpc.StatusCode.PERMISSION_DENIED,
        f"Model {NAME} may not be asked here",
    )
