"""A signature is asked by REST in both formats where the server has REST, and each answer is compared."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2

from kit.errors import InfraCheckError
from kit.release.fresh_server import FreshServer
from kit.release.infra_check import ask_signature
from kit.release.sample_request import PredictSample, Sample

ROWS = [1.5, 2.0]


class Stub:
    """Answers by gRPC as the model did."""

    def __init__(self, response: Any) -> None:
        self.response = response

    def Predict(self, request: Any, timeout: float) -> Any:  # noqa: N802  gRPC's name
        assert request.model_spec.signature_name == "serving_default"
        assert timeout > 0
        return self.response


@pytest.fixture
def sample() -> Sample:
    request, response = predict_pb2.PredictRequest(), predict_pb2.PredictResponse()
    request.model_spec.name, request.model_spec.signature_name = "shop", "serving_default"
    request.inputs["price"].CopyFrom(tf.make_tensor_proto(ROWS))
    response.outputs["score"].CopyFrom(tf.make_tensor_proto([2 * value for value in ROWS]))
    return PredictSample(request, response, by_rows=True)


def doubled(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    assert body["signature_name"] == "serving_default"
    if "instances" in body:
        return 200, {"predictions": [2 * row["price"] for row in body["instances"]]}
    return 200, {"outputs": [2 * value for value in body["inputs"]["price"]]}


def wrong_by_rows(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    status, answer = doubled(body)
    return status, {"predictions": [0.0, *answer["predictions"][1:]]} if "predictions" in answer else answer


def refusing(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    del body
    return 400, {"error": "no such input"}


@contextmanager
def answering(
    answer: Callable[[dict[str, Any]], tuple[int, dict[str, Any]]], sample: Sample
) -> Iterator[FreshServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/models/shop:predict"
            status, content = answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(content).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        address = f"127.0.0.1:{server.server_address[1]}"
        try:
            yield FreshServer("shop", address, 0.0, Stub(sample.response), 0)
        finally:
            server.shutdown()
            thread.join()


def test_both_formats_are_asked_and_timed(sample: Sample) -> None:
    seen = []

    def noting(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        seen.append("instances" in body)
        return doubled(body)

    with answering(noting, sample) as server:
        asked = ask_signature(server, sample)
    assert set(seen) == {True, False}
    assert (asked.signature, asked.rows) == ("serving_default", 2)
    assert asked.rest_ms is not None
    assert asked.rest_ms > 0


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (wrong_by_rows, r"by REST, rows.json score\[0\] is 0.0, not 3.0"),
        (refusing, r'by REST, but said 400: \{"error": "no such input"\}'),
    ],
    ids=["another value", "an error"],
)
def test_what_rest_answers_otherwise_is_told(
    sample: Sample, answer: Callable[[dict[str, Any]], tuple[int, dict[str, Any]]], message: str
) -> None:
    with answering(answer, sample) as server, pytest.raises(InfraCheckError, match=message):
        ask_signature(server, sample)


def test_a_server_without_rest_is_asked_by_grpc_alone(sample: Sample) -> None:
    server = FreshServer("shop", None, 0.0, Stub(sample.response), 0)
    assert ask_signature(server, sample).rest_ms is None
