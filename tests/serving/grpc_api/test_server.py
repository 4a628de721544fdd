"""Through the port, with the stubs of tensorflow-serving-api as they are."""

from __future__ import annotations

import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import grpc
import pytest
import tensorflow as tf
from google.protobuf import text_format
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
)

from kit.serving.errors import ServerError
from kit.serving.server import ModelServer
from serving.grpc_api.asking import add_task, examples_for, refused
from serving.held import Held
from serving.models import NAME, break_model, config_text, predict_request, remove, save_linear, settings_of

_SECONDS = 20


def test_predict_names_what_it_was_answered_by(prediction: Any) -> None:
    response = prediction.Predict(predict_request(1.0, 2.0), _SECONDS)
    assert list(response.outputs["y"].float_val) == [2, 4]
    spec = response.model_spec
    assert (spec.name, spec.version.value, spec.signature_name) == (NAME, 1, "serving_default")


def test_a_trailer_tells_which_version_answered(prediction: Any) -> None:
    _, call = prediction.Predict.with_call(predict_request(1.0), _SECONDS)
    assert ("x-model-version", "1") in {tuple(entry) for entry in call.trailing_metadata()}
    request = inference_pb2.MultiInferenceRequest()
    request.input.example_list.examples.add().features.feature["x"].float_list.value.append(1.0)
    add_task(request, "regress", "tensorflow/serving/regress")
    _, call = prediction.MultiInference.with_call(request, _SECONDS)
    assert ("x-model-version", "1") in {tuple(entry) for entry in call.trailing_metadata()}


def test_classify_gives_each_label_its_score(prediction: Any) -> None:
    request = examples_for(classification_pb2.ClassificationRequest(), 3.0, signature="classify")
    [row] = prediction.Classify(request, _SECONDS).result.classifications
    assert [(entry.label, entry.score) for entry in row.classes] == [("up", 6), ("down", -6)]


def test_regress_with_a_context_that_examples_share(prediction: Any) -> None:
    request = regression_pb2.RegressionRequest()
    request.model_spec.name, request.model_spec.signature_name = NAME, "regress"
    given = request.input.example_list_with_context
    given.context.features.feature["x"].float_list.value.append(5.0)
    given.examples.add()
    given.examples.add().features.feature["x"].float_list.value.append(7.0)
    result = prediction.Regress(request, _SECONDS).result
    assert [entry.value for entry in result.regressions] == [10, 14]


def test_multi_inference_asks_two_signatures_at_once(prediction: Any) -> None:
    request = inference_pb2.MultiInferenceRequest()
    request.input.example_list.examples.add().features.feature["x"].float_list.value.append(1.0)
    add_task(request, "regress", "tensorflow/serving/regress")
    add_task(request, "classify", "tensorflow/serving/classify")
    regress, classify = prediction.MultiInference(request, _SECONDS).results
    assert regress.regression_result.regressions[0].value == 2
    assert classify.classification_result.classifications[0].classes[0].score == 2
    assert (regress.model_spec.signature_name, classify.model_spec.version.value) == ("regress", 1)


def test_metadata_are_the_signatures(prediction: Any) -> None:
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = NAME
    response = prediction.GetModelMetadata(request, _SECONDS)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(signatures)
    assert signatures.signature_def["serving_default"].inputs["x"].dtype == tf.float32.as_datatype_enum
    assert response.model_spec.version.value == 1


_INVALID, _MISSING = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND


def test_status_of_all_versions_and_of_one(model: Any, server: ModelServer, base: Path) -> None:
    break_model(base, 2)
    server.manager.poll()
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = NAME
    broken, old = model.GetModelStatus(request, _SECONDS).model_version_status
    states = get_model_status_pb2.ModelVersionStatus
    assert (broken.version, broken.state, old.version, old.state) == (2, states.END, 1, states.AVAILABLE)
    assert "Could not load" in broken.status.error_message
    assert (broken.status.error_code, old.status.error_code) == (5, 0)
    request.model_spec.version.value = 1
    [only] = model.GetModelStatus(request, _SECONDS).model_version_status
    assert only.version == 1
    request.model_spec.version.value = 7
    assert refused(lambda: model.GetModelStatus(request, _SECONDS)) == (
        _MISSING,
        "Could not find version 7 of model linear",
    )
    assert refused(lambda: model.GetModelStatus(get_model_status_pb2.GetModelStatusRequest(), _SECONDS)) == (
        _INVALID,
        "Missing ModelSpec",
    )


def test_a_configuration_is_taken_at_run_time(model: Any, prediction: Any, base: Path) -> None:
    save_linear(base, 2, 3.0)
    request = model_management_pb2.ReloadConfigRequest()
    text_format.Parse(config_text(base, "model_version_policy { all {} }"), request.config)
    assert model.HandleReloadConfigRequest(request, _SECONDS).status.error_code == 0
    label = 'version_labels { key: "stable" value: 1 }'
    request.Clear()
    text_format.Parse(config_text(base, "model_version_policy { all {} }", label), request.config)
    model.HandleReloadConfigRequest(request, _SECONDS)
    asked = predict_request(1.0)
    assert list(prediction.Predict(asked, _SECONDS).outputs["y"].float_val) == [3]
    asked.model_spec.version_label = "stable"
    assert list(prediction.Predict(asked, _SECONDS).outputs["y"].float_val) == [2]
    empty = model_management_pb2.ReloadConfigRequest()
    code, details = refused(lambda: model.HandleReloadConfigRequest(empty, _SECONDS))
    assert (code, "Only ModelConfigList" in details) == (_INVALID, True)


def test_health_follows_the_models(channel: Any, server: ModelServer, base: Path) -> None:
    stub = health_pb2_grpc.HealthStub(channel)
    watched = stub.Watch(health_pb2.HealthCheckRequest())
    assert next(watched).status == health_pb2.HealthCheckResponse.SERVING
    remove(base, 1)
    server.manager.poll()
    assert next(watched).status == health_pb2.HealthCheckResponse.NOT_SERVING
    watched.cancel()
    named = health_pb2.HealthCheckRequest(service="tensorflow.serving.PredictionService")
    assert stub.Check(named).status == health_pb2.HealthCheckResponse.NOT_SERVING
    assert refused(lambda: stub.Check(health_pb2.HealthCheckRequest(service="x")))[0] is _MISSING


def test_reflection_tells_clients_what_can_be_asked(channel: Any) -> None:
    found = ProtoReflectionDescriptorDatabase(channel)
    assert set(found.get_services()) >= {
        "tensorflow.serving.PredictionService",
        "tensorflow.serving.ModelService",
        "grpc.health.v1.Health",
    }
    file = found.FindFileContainingSymbol("tensorflow.serving.PredictionService")
    assert [method.name for method in file.service[0].method] == [
        "Classify",
        "Regress",
        "Predict",
        "MultiInference",
        "GetModelMetadata",
    ]
    assert "tensorflow_serving/apis/predict.proto" in file.dependency
    assert found.FindFileContainingSymbol("tensorflow.serving.ModelService").service[0].name == "ModelService"


def test_a_message_that_is_too_large_isrefused(prediction: Any) -> None:
    code, _ = refused(lambda: prediction.Predict(predict_request(*[1.0] * 50_000), _SECONDS))
    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_bytes_that_are_no_message_arerefused(channel: Any, prediction: Any) -> None:
    raw = channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
    code, _ = refused(lambda: raw(b"\xff\xff\xff", _SECONDS))
    assert code is grpc.StatusCode.INTERNAL  # grpcio's own answer
    assert prediction.Predict(predict_request(1.0), _SECONDS)


def test_more_requests_at_once_than_allowed_are_turned_away(base: Path) -> None:
    held = Held()
    with (
        ModelServer(settings_of(base, max_concurrent_requests=1), [held]) as server,
        grpc.insecure_channel(str(server.start().grpc)) as channel,
    ):
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        first = stub.Predict.future(predict_request(1.0), _SECONDS)
        assert held.begun.wait(_SECONDS)
        code, _ = refused(lambda: stub.Predict(predict_request(1.0), _SECONDS))
        held.go_on.set()
        assert first.result()
    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_request_that_runs_is_answered_when_the_server_stops(base: Path) -> None:
    held = Held()
    server = ModelServer(settings_of(base), [held])
    with grpc.insecure_channel(str(server.start().grpc)) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        first = stub.Predict.future(predict_request(1.0), _SECONDS)
        assert held.begun.wait(_SECONDS)
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        held.go_on.set()
        assert list(first.result().outputs["y"].float_val) == [2]
        stopping.join()
        assert refused(lambda: stub.Predict(predict_request(1.0), _SECONDS))[0] is grpc.StatusCode.UNAVAILABLE


def test_a_port_that_is_taken_is_said_and_nothing_stays_behind(base: Path, server: ModelServer) -> None:
    address = str(server.start().grpc)
    other = ModelServer(settings_of(base, port=int(address.rpartition(":")[2])))
    with pytest.raises(ServerError, match=address):
        other.start()
    assert not other.manager.ready()


def test_a_unix_socket_is_served_too(base: Path, tmp_path: Path) -> None:
    with ModelServer(settings_of(base, grpc_socket_path=str(tmp_path / "socket"))) as server:
        server.start()
        with closing(grpc.insecure_channel(f"unix:{tmp_path / 'socket'}")) as channel:
            stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
            assert stub.Predict(predict_request(1.0), _SECONDS).outputs["y"].float_val == [2]


def test_a_unix_socket_that_another_server_has_stays_its_own(base: Path, tmp_path: Path) -> None:
    settings = settings_of(base, grpc_socket_path=str(tmp_path / "socket"))
    with ModelServer(settings) as server:
        server.start()
        with pytest.raises(ServerError, match=r"must not be in use, but a server listens on .*socket"):
            ModelServer(settings).start()
        with closing(grpc.insecure_channel(f"unix:{tmp_path / 'socket'}")) as channel:
            stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
            assert stub.Predict(predict_request(1.0), _SECONDS).outputs["y"].float_val == [2]
    with ModelServer(settings) as server:  # a file that was left behind, or none
        server.start()


@pytest.mark.parametrize("path", ["missing/socket", "long" * 30])
def test_a_path_where_no_socket_can_be_is_said(base: Path, tmp_path: Path, path: str) -> None:
    with pytest.raises(ServerError, match=r"grpc_socket_path must be a path .* Choose a short path"):
        ModelServer(settings_of(base, grpc_socket_path=str(tmp_path / path))).start()
