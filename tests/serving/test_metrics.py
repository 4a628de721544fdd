"""What monitoring asks, read with Prometheus's own parser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tensorflow_serving.apis import prediction_service_pb2_grpc

from kit.serving.server import ModelServer
from kit.serving.settings import Addresses
from serving.models import NAME, break_model, predict_request, save_linear, settings_of
from serving.rest.asking import ask

_MODEL = f"/v1/models/{NAME}"
_PATH = "/monitoring/prometheus/metrics"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("metrics")
    save_linear(folder / NAME, 1, 2.0)
    (folder / "monitoring.txt").write_text("prometheus_config { enable: true }")
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[ModelServer]:
    settings = settings_of(
        folder / NAME, rest_api_port=0, monitoring_config_file=str(folder / "monitoring.txt")
    )
    with ModelServer(settings) as server:
        yield server


@pytest.fixture(scope="module")
def addresses(server: ModelServer) -> Addresses:
    return server.start()


def _values(addresses: Addresses) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Return the value of each sample by its name and labels."""
    answer = ask(str(addresses.rest), _PATH)
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain")
    # The parser gives counters the "_total" that the real server's do not have, so the names come from the text.
    names = [line.partition("{")[0] for line in answer.text.splitlines() if not line.startswith("#")]
    samples = [sample for family in text_string_to_metric_families(answer.text) for sample in family.samples]
    return {
        (name, frozenset(sample.labels.items())): sample.value
        for name, sample in zip(names, samples, strict=True)
    }


def _value(addresses: Addresses, name: str, **labels: str) -> float:
    return _values(addresses).get((name, frozenset(labels.items())), 0)


def test_requests_are_counted_by_model_and_status(addresses: Addresses) -> None:
    rest = str(addresses.rest)
    name = ":tensorflow:serving:request_count"
    before = _values(addresses)
    ask(rest, f"{_MODEL}:predict", {"instances": [1]})
    ask(rest, f"{_MODEL}:predict", {"instances": ["a"]})
    ask(rest, "/v1/models/stranger:predict", {"instances": [1]})
    with grpc.insecure_channel(str(addresses.grpc)) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        stub.Predict(predict_request(1.0), 20)
        with pytest.raises(grpc.RpcError):
            stub.Predict(predict_request(1.0, signature="no"), 20)
    after = _values(addresses)
    found = {
        dict(labels)["status"]: value - before.get((key, labels), 0)
        for (key, labels), value in after.items()
        if key == name and dict(labels)["model_name"] == NAME
    }
    assert found == {"OK": 2, "INVALID_ARGUMENT": 1, "FAILED_PRECONDITION": 1}
    assert after[name, frozenset({"model_name": "", "status": "NOT_FOUND"}.items())] == 1


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("request_latency", {"API": "predict", "entrypoint": "REST"}),
        ("runtime_latency", {"API": "Predict", "runtime": "TF1"}),
    ],
)
def test_times_are_microseconds_in_the_real_servers_buckets(
    addresses: Addresses, name: str, labels: dict[str, str]
) -> None:
    full, labels = f":tensorflow:serving:{name}", {"model_name": NAME, **labels}
    before = _values(addresses)
    ask(str(addresses.rest), f"{_MODEL}:predict", {"instances": [1]})
    after = _values(addresses)
    key = frozenset(labels.items())
    assert after[f"{full}_count", key] - before.get((f"{full}_count", key), 0) == 1
    took = after[f"{full}_sum", key] - before.get((f"{full}_sum", key), 0)
    assert 1 < took < 20e6
    limits = [dict(found)["le"] for sample, found in after if sample == f"{full}_bucket" and key < found]
    assert (len(limits), limits[:4], limits[-1]) == (34, ["10", "18", "32.4", "58.32"], "+Inf")


def test_examples_are_counted(addresses: Addresses) -> None:
    body = {"signature_name": "regress", "examples": [{"x": 1.0}, {"x": 2.0}]}
    ask(str(addresses.rest), f"{_MODEL}:regress", body)
    assert _value(addresses, ":tensorflow:serving:request_example_count_total", model=NAME) == 2
    assert _value(addresses, ":tensorflow:serving:request_example_counts_bucket", model=NAME, le="1") == 0
    assert _value(addresses, ":tensorflow:serving:request_example_counts_bucket", model=NAME, le="2") == 1


def test_versions_and_loading(addresses: Addresses, server: ModelServer, folder: Path) -> None:
    broken = break_model(folder / NAME, 2)
    server.manager.poll()
    loads = ":tensorflow:cc:saved_model:load_attempt_count"
    loaded = str(folder / NAME / "1")
    assert _value(addresses, loads, model_path=loaded, status="success") == 1
    assert _value(addresses, loads, model_path=str(broken), status="fail") == 1
    assert 1 < _value(addresses, ":tensorflow:cc:saved_model:load_latency", model_path=loaded) < 60e6
    assert (
        _value(addresses, "kit_serving_version_state", model_name=NAME, version="1", state="AVAILABLE") == 1
    )
    assert _value(addresses, "kit_serving_version_state", model_name=NAME, version="2", state="END") == 1
    assert _value(addresses, "kit_serving_requests_running", transport="REST") == 0
    assert _value(addresses, "kit_serving_rest_waiting") == 0


def test_there_is_no_page_unless_it_is_enabled(base: Path) -> None:
    with ModelServer(settings_of(base, rest_api_port=0)) as server:
        assert ask(str(server.start().rest), _PATH).status == 404


def test_the_page_is_where_the_file_says(base: Path, tmp_path: Path) -> None:
    file = tmp_path / "monitoring.txt"
    file.write_text('prometheus_config { enable: true path: "/metrics" }')
    settings = settings_of(base, port=None, rest_api_port=0, monitoring_config_file=str(file))
    with ModelServer(settings) as server:
        rest = str(server.start().rest)
        assert ask(rest, "/metrics").status == 200
        assert ask(rest, _PATH).status == 404


@pytest.mark.parametrize("batched", [False, True], ids=["single", "batched"])
def test_time_in_tensorflow_is_told_once_for_each_request_of_grpc(
    folder: Path, base: Path, *, batched: bool
) -> None:
    settings = settings_of(
        base,
        rest_api_port=0,
        monitoring_config_file=str(folder / "monitoring.txt"),
        enable_batching=batched,
    )
    with ModelServer(settings) as server:
        addresses = server.start()
        with grpc.insecure_channel(str(addresses.grpc)) as channel:
            stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
            asked = [stub.Predict.future(predict_request(number), 20) for number in range(12)]
            assert all(each.result() for each in asked)
        labels = {"model_name": NAME, "API": "Predict", "runtime": "TF1"}
        assert _value(addresses, ":tensorflow:serving:runtime_latency_count", **labels) == len(asked)
