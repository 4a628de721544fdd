"""Answers a REST request: path and body to a message, `Inference`, and the response to JSON."""

from __future__ import annotations

import logging
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import grpc
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    predict_pb2,
    regression_pb2,
)

from kit.serving.errors import ServingError, http_status, invalid
from kit.serving.headers import VERSION_HEADER
from kit.serving.inference import Inference
from kit.serving.metrics import Metrics
from kit.serving.model_status import model_status
from kit.serving.rest.decode import fill_predict
from kit.serving.rest.encode import (
    classify_json,
    error_json,
    metadata_json,
    predict_json,
    regress_json,
    status_json,
)
from kit.serving.rest.examples import fill_examples
from kit.serving.rest.paths import Address, read_address
from kit.serving.servable import DEFAULT_SIGNATURE
from kit.serving.transport import Transport

_TEXT_HEADERS = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
JSON_HEADERS = {"Content-Type": "application/json"}
_GZIP = 16 + zlib.MAX_WBITS
_MOST_LETTERS = 2000
"""Longest error text. A model's own may repeat a whole graph."""
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Request:
    """An HTTP request.

    Attributes:
        method: POST, GET or another.
        path: the path with the query, if there is one.
        headers: the headers, names in lower case.
        body: the body as received.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """An HTTP response.

    Attributes:
        status: the HTTP status.
        headers: the headers besides those that HTTP itself needs.
        body: the body to send.
        code: the gRPC status, for the metrics.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    code: grpc.StatusCode = grpc.StatusCode.OK


def refusal(code: grpc.StatusCode, message: str, status: int | None = None) -> Reply:
    """Return the answer that refuses a request; the HTTP status follows from the code unless given."""
    body = error_json(message[:_MOST_LETTERS]).encode(errors="replace")
    return Reply(status or http_status(code), JSON_HEADERS, body, code)


class RestApi:
    """Answers REST requests, in any thread."""

    def __init__(self, inference: Inference, max_body_bytes: int, metrics: Metrics | None = None) -> None:
        """Build the API over an inference.

        Args:
            inference: the server's part that answers.
            max_body_bytes: most bytes of a body after decompression.
            metrics: the metrics to expose and to count into.
        """
        self._inference, self._max_body_bytes, self._metrics = inference, max_body_bytes, metrics
        self._turns = threading.Lock()
        self.running = 0  # requests that are being answered
        self._verbs: dict[str, Callable[[Address, Request], tuple[str, int | None]]] = {
            "predict": self._predict,
            "classify": self._classify,
            "regress": self._regress,
            "metadata": self._metadata,
            "status": self._status,
        }

    def answer(self, request: Request) -> Reply:
        """Return the answer; every error becomes an answer too."""
        with self._turns:
            self.running += 1
        try:
            if self._metrics and request.path == self._metrics.path:
                return Reply(HTTPStatus.OK, _TEXT_HEADERS, self._metrics.page().encode())
            return self._counted(request)
        except Exception:  # noqa: BLE001  the server's fault, not the request's: its text is not for strangers
            _LOG.exception("A request broke the server's own code.")
            return refusal(grpc.StatusCode.INTERNAL, "Internal error; the server's log has the reason.")
        finally:
            with self._turns:
                self.running -= 1

    def _counted(self, request: Request) -> Reply:
        started = time.perf_counter()
        model = api = ""
        try:
            address = read_address(request.method, request.path)
            model, api = address.model, address.method
            body, version = self._verbs[address.method](address, request)
        except ServingError as error:
            reply = refusal(error.code, error.message)
        else:
            headers = JSON_HEADERS if version is None else {**JSON_HEADERS, VERSION_HEADER: str(version)}
            reply = Reply(HTTPStatus.OK, headers, body.encode(errors="replace"))
        if self._metrics:
            api = api if request.method == "POST" else ""
            self._metrics.answered(model, api, Transport.REST, reply.code, time.perf_counter() - started)
        return reply

    def _predict(self, address: Address, request: Request) -> tuple[str, int | None]:
        message = predict_pb2.PredictRequest()
        address.fill(message.model_spec)
        chosen = fill_predict(self._body(request), message, lambda name: self._inputs_of(address, name))
        response = self._inference.predict(message, request.headers, Transport.REST)
        return predict_json(response.outputs, chosen), response.model_spec.version.value

    def _inputs_of(self, address: Address, name: str) -> Mapping[str, Any]:
        """Return the inputs of a signature, whose dtypes say how to read JSON numbers.

        An interceptor may choose another version for the request afterwards. If that has other inputs, it refuses
        the tensors.
        """
        name = name or DEFAULT_SIGNATURE
        with self._inference.manager.get(address.model, address.version, address.label) as servable:
            if name not in servable.signatures:
                raise invalid(f'Serving signature name: "{name}" not found in signature def')
            found: Mapping[str, Any] = servable.signatures[name].inputs
            return found

    def _classify(self, address: Address, request: Request) -> tuple[str, int | None]:
        message = classification_pb2.ClassificationRequest()
        address.fill(message.model_spec)
        fill_examples(self._body(request), message)
        response = self._inference.classify(message, request.headers, Transport.REST)
        return classify_json(response.result), response.model_spec.version.value

    def _regress(self, address: Address, request: Request) -> tuple[str, int | None]:
        message = regression_pb2.RegressionRequest()
        address.fill(message.model_spec)
        fill_examples(self._body(request), message)
        response = self._inference.regress(message, request.headers, Transport.REST)
        return regress_json(response.result), response.model_spec.version.value

    def _metadata(self, address: Address, request: Request) -> tuple[str, int | None]:
        message = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
        address.fill(message.model_spec)
        response = self._inference.metadata(message, request.headers, Transport.REST)
        return metadata_json(response), response.model_spec.version.value

    def _status(self, address: Address, _request: Request) -> tuple[str, int | None]:
        message = get_model_status_pb2.GetModelStatusRequest()
        address.fill(message.model_spec)
        return status_json(model_status(self._inference.manager, message)), None

    def _body(self, request: Request) -> bytes:
        if "gzip" not in request.headers.get("content-encoding", ""):
            return request.body
        unpacking = zlib.decompressobj(_GZIP)
        try:
            body = unpacking.decompress(request.body, self._max_body_bytes)
        except zlib.error as error:
            raise invalid(f"Failed to uncompress the gzipped body: {error}") from None
        if unpacking.unconsumed_tail:
            raise ServingError(
                grpc.StatusCode.RESOURCE_EXHAUSTED, f"The body is larger than {self._max_body_bytes} bytes."
            )
        if not unpacking.eof:
            raise invalid("Failed to uncompress the gzipped body: it ends too early")
        return body
