"""The interceptor in a server: which requests are logged, with what, and what is counted."""

from __future__ import annotations

import random
import urllib.request
from pathlib import Path
from typing import Any

import grpc
import pytest
import tensorflow as tf
from google.protobuf import text_format
from tensorflow_serving.apis import classification_pb2, get_model_metadata_pb2, inference_pb2, regression_pb2
from tensorflow_serving.config import model_server_config_pb2

from kit.serving.errors import ServerError, ServingError
from kit.serving.prediction_log import logger
from kit.serving.prediction_log.config import INTERCEPTOR, write_config
from kit.serving.prediction_log.logger import Logger
from kit.serving.prediction_log.reader import files, read
from kit.serving.prediction_log.writer import Limits
from kit.serving.server import ModelServer
from kit.serving.settings import Settings
from kit.serving.transport import Transport
from kit.workspace import Workspace
from serving.models import NAME, config_text, predict_request, settings_of


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "ws")


def server(base: Path, workspace: Workspace, rate: float = 1.0) -> ModelServer:
    config = str(write_config(workspace, rate))
    made = ModelServer(
        settings_of(base, port=None, prediction_log_config_file=config, interceptors=INTERCEPTOR)
    )
    made.start()
    return made


def logged(workspace: Workspace) -> list[Any]:
    found = files(workspace.path / "served" / f"predictions-{NAME}")
    return [log for path in found for log in read(path).logs]


def of_examples(kind: Any, signature: str) -> Any:
    request = kind()
    request.model_spec.name, request.model_spec.signature_name = NAME, signature
    example = request.input.example_list.examples.add()
    example.features.feature["x"].float_list.value.append(3.0)
    return request


def test_a_record_has_the_request_the_answer_and_whose_it_was(base: Path, workspace: Workspace) -> None:
    request = predict_request(1.0, 2.0)
    with server(base, workspace) as running:
        response = running.inference.predict(request, {"x-request-id": "r7"}, Transport.GRPC)
        running.inference.predict(request, {}, Transport.REST)
    first, second = logged(workspace)
    assert first.predict_log.request == request
    assert first.predict_log.response == response
    metadata = first.log_metadata
    assert (metadata.model_spec.name, metadata.model_spec.version.value) == (NAME, 1)
    assert (metadata.request_origin, metadata.sampling_config.sampling_rate) == ("r7", 1.0)
    assert list(metadata.saved_model_tags) == ["serve"]
    assert metadata.timestamp_secs > 1.7e9
    assert len(second.log_metadata.request_origin) == 32


def test_every_api_has_its_kind_of_record(base: Path, workspace: Workspace) -> None:
    multiple = inference_pb2.MultiInferenceRequest()
    task = multiple.tasks.add(method_name=tf.saved_model.REGRESS_METHOD_NAME)
    task.model_spec.name, task.model_spec.signature_name = NAME, "regress"
    multiple.input.CopyFrom(of_examples(regression_pb2.RegressionRequest, "").input)
    with server(base, workspace) as running:
        ask = running.inference
        ask.classify(of_examples(classification_pb2.ClassificationRequest, "classify"), {}, Transport.GRPC)
        ask.regress(of_examples(regression_pb2.RegressionRequest, "regress"), {}, Transport.GRPC)
        ask.multi_inference(multiple, {}, Transport.GRPC)
    logs = logged(workspace)
    assert [log.WhichOneof("log_type") for log in logs] == [
        "classify_log",
        "regress_log",
        "multi_inference_log",
    ]
    assert logs[1].regress_log.response.result.regressions[0].value == 6.0


def test_what_is_no_prediction_is_not_logged(base: Path, workspace: Workspace) -> None:
    metadata = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    metadata.model_spec.name = NAME
    with server(base, workspace) as running:
        running.inference.metadata(metadata, {}, Transport.GRPC)
        with pytest.raises(ServingError):
            running.inference.predict(predict_request(1.0, signature="none"), {}, Transport.GRPC)
    assert logged(workspace) == []


def test_the_sample_is_of_the_rate_that_was_asked_for(
    base: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    draws = iter([0.1, 0.3, 0.25, 0.2])
    monkeypatch.setattr(random, "random", lambda: next(draws))
    with server(base, workspace, 0.25) as running:
        for number in range(4):
            running.inference.predict(predict_request(float(number)), {}, Transport.GRPC)
    assert [log.predict_log.request.inputs["x"].float_val[0] for log in logged(workspace)] == [0, 3]


def test_a_rate_of_nothing_logs_nothing(base: Path, workspace: Workspace) -> None:
    with server(base, workspace, 0.0) as running:
        running.inference.predict(predict_request(1.0), {}, Transport.GRPC)
    assert not list((workspace.path / "served").glob("*.tfrecord"))


def test_what_became_of_records_is_in_the_metrics_of_the_server(base: Path, workspace: Workspace) -> None:
    monitoring = workspace.path / "monitoring.config"
    monitoring.write_text('prometheus_config { enable: true path: "/metrics" }')
    config = str(write_config(workspace, 1.0))
    settings = settings_of(
        base,
        port=None,
        rest_api_port=0,
        prediction_log_config_file=config,
        monitoring_config_file=str(monitoring),
    )
    log = Logger(settings, Limits(queue_records=1, flush_seconds=0))
    with ModelServer(settings, [log]) as running:
        address = running.start().rest
        running.inference.predict(predict_request(1.0), {}, Transport.GRPC)
        log.close()
        running.inference.predict(predict_request(1.0), {}, Transport.GRPC)
        with urllib.request.urlopen(f"http://{address}/metrics") as answer:
            page = answer.read().decode()
    assert f'{logger.METRIC}{{model_name="{NAME}",outcome="written"}} 1' in page
    assert f'{logger.METRIC}{{model_name="{NAME}",outcome="dropped"}} 1' in page
    assert len(logged(workspace)) == 1


def test_a_model_of_models_config_may_have_its_own_log(
    base: Path, tmp_path: Path, workspace: Workspace
) -> None:
    own = (
        f'logging_config {{ log_collector_config {{ type: "tfrecord" filename_prefix: "{tmp_path}/own" }} '
        "sampling_config { sampling_rate: 1 } }"
    )
    models = tmp_path / "models.config"
    models.write_text(config_text(base, own))
    settings = settings_of(
        base,
        port=None,
        model_config_file=str(models),
        prediction_log_config_file=str(write_config(workspace, 1.0)),
        interceptors=INTERCEPTOR,
    )
    with ModelServer(settings) as running:
        running.start()
        running.inference.predict(predict_request(1.0), {}, Transport.GRPC)
    assert [len(read(path).logs) for path in files(tmp_path / f"own-{NAME}")] == [1]
    assert logged(workspace) == []


def test_a_reload_changes_the_log_of_a_model_and_a_wrong_one_changes_nothing(
    base: Path, tmp_path: Path, workspace: Workspace
) -> None:
    def ask_after(prefix: str, kind: str = "tfrecord") -> None:
        own = f'log_collector_config {{ type: "{kind}" filename_prefix: "{tmp_path}/{prefix}" }}'
        text = config_text(base, f"logging_config {{ {own} sampling_config {{ sampling_rate: 1 }} }}")
        try:
            running.manager.reload(text_format.Parse(text, model_server_config_pb2.ModelServerConfig()))
        finally:
            running.inference.predict(predict_request(1.0), {}, Transport.GRPC)

    with server(base, workspace) as running:
        ask_after("first")
        ask_after("second")
        with pytest.raises(ServingError, match="must have the type 'tfrecord'") as raised:
            ask_after("third", "kafka")
    assert raised.value.code is grpc.StatusCode.INVALID_ARGUMENT
    found = [
        len(read(path).logs) for name in ("first", "second") for path in files(tmp_path / f"{name}-{NAME}")
    ]
    assert (found, logged(workspace)) == ([1, 2], [])


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("log_collector_config {", "must be a LoggingConfig"),
        ('log_collector_config { type: "kafka" filename_prefix: "x" }', "must have the type 'tfrecord'"),
        ('log_collector_config { type: "tfrecord" }', "filename_prefix"),
        (
            'log_collector_config { type: "tfrecord" filename_prefix: "x" } sampling_config { sampling_rate: 2 }',
            "sampling_rate must be 0 to 1, but is 2",
        ),
    ],
    ids=["no LoggingConfig", "another collector", "no prefix", "no rate"],
)
def test_a_configuration_that_is_not_right_starts_no_server(
    base: Path, tmp_path: Path, text: str, match: str
) -> None:
    path = tmp_path / "logging.config"
    path.write_text(text)
    with pytest.raises(ServerError, match=match):
        Logger(settings_of(base, prediction_log_config_file=str(path)))


def test_a_missing_configuration_starts_no_server(base: Path, tmp_path: Path) -> None:
    with pytest.raises(ServerError, match="must be a LoggingConfig"):
        Logger(settings_of(base, prediction_log_config_file=str(tmp_path / "missing")))
    assert isinstance(logger.make(Settings(model_base_path=str(base))), Logger)
