"""The client of one model on one server: named inputs and outputs, plain values."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import quote

import tensorflow as tf
from google.protobuf import json_format
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow.python.saved_model.constants import INIT_OP_SIGNATURE_KEY
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from kit.serving.client import typed
from kit.serving.client.transports import ByGrpc, ByRest
from kit.serving.client.values import converted, from_json, from_tensor, shape_text, to_json
from kit.serving.headers import VERSION_HEADER
from kit.serving.servable import DEFAULT_SIGNATURE
from kit.serving.settings import Addresses
from kit.serving.transport import Transport

_PREDICTIONS = prediction_service_pb2_grpc.PredictionServiceStub
_MODELS = model_service_pb2_grpc.ModelServiceStub
_R = TypeVar("_R")
_OutputsOf = Callable[[Any], dict[str, Any]]
"""Reads the outputs from a gRPC message or from a REST answer."""


@dataclass(frozen=True)
class Prediction:
    """A server's answer.

    Attributes:
        outputs: values by output name, lists nested like the tensors; strings are str, or bytes where they are not
            UTF-8.
        version: the version that answered.
        milliseconds: the time from the request's first byte to the answer's last, measured here.
    """

    outputs: Mapping[str, Any]
    version: int
    milliseconds: float


class Client:
    """Sends requests to one model of one server; for use from one thread."""

    def __init__(
        self,
        addresses: Addresses,
        model: str,
        *,
        headers: Mapping[str, str] | None = None,
        certificate: Path | None = None,
        timeout_seconds: float = 30,
    ) -> None:
        """Set up the client; nothing is sent yet.

        Args:
            addresses: the addresses of the server, or of the gateway in front of it.
            model: the model's name.
            headers: sent with every request, such as {"authorization": "Bearer …"}; names in lower case.
            certificate: the certificate of the authority that signed the server's; without it nothing is encrypted.
            timeout_seconds: how long an answer may take.
        """
        self._model = model
        shared = (dict(headers or {}), certificate, timeout_seconds)
        self._grpc, self._rest = ByGrpc(addresses.grpc, *shared), ByRest(addresses.rest, *shared)
        self._signatures: dict[str, Any] = {}

    def close(self) -> None:
        """Close the connections; the next request opens them again."""
        self._grpc.close()
        self._rest.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def predict(
        self,
        inputs: Mapping[str, Any],
        *,
        signature: str = DEFAULT_SIGNATURE,
        version: int | None = None,
        label: str | None = None,
        transport: Transport = Transport.GRPC,
    ) -> Prediction:
        """Call Predict on a signature.

        Args:
            inputs: a value, nested lists or an array for each of the signature's inputs, by name.
            signature: the signature's name.
            version: the version to ask; None: the latest.
            label: the label to ask, when no version is given.
            transport: how to ask.

        Raises:
            NoAnswerError: when the server refuses the request, or cannot be reached.
            UsageError: when a value cannot be what its input takes; nothing is sent.
        """
        known = self._signature(signature)
        if transport == Transport.REST:
            return self._predict_by_rest(inputs, signature, self._path(version, label), known)
        request = predict_pb2.PredictRequest()
        self._fill_spec(request.model_spec, version, label)
        request.model_spec.signature_name = signature
        for name, value in inputs.items():
            request.inputs[name].CopyFrom(converted(name, value, _dtype(known, name), tf.make_tensor_proto))
        return self._ask_by_grpc(
            "Predict",
            request,
            lambda found: {name: from_tensor(tensor) for name, tensor in sorted(found.outputs.items())},
        )

    def _predict_by_rest(
        self, inputs: Mapping[str, Any], signature: str, path: str, known: Any
    ) -> Prediction:
        values = {
            name: converted(name, value, _dtype(known, name), to_json) for name, value in inputs.items()
        }
        body = json.dumps({"signature_name": signature, "inputs": values}).encode()

        def outputs_of(answer: Any) -> dict[str, Any]:
            outputs = answer["outputs"]
            if len(known.outputs) == 1:  # then the answer does not name it
                outputs = dict.fromkeys(known.outputs, outputs)
            return {
                name: from_json(value, tf.as_dtype(known.outputs[name].dtype))
                for name, value in sorted(outputs.items())
            }

        return self._ask_by_rest(f"{path}:predict", body, outputs_of)

    def classify(
        self,
        records: Sequence[bytes],
        *,
        signature: str = typed.CLASSIFY,
        version: int | None = None,
        label: str | None = None,
        transport: Transport = Transport.GRPC,
    ) -> Prediction:
        """Call Classify; the outputs are `classes` and `scores`, each with one list per row.

        Args:
            records: serialized tf.Examples.
            signature: the signature's name.
            version: the version to ask; None: the latest.
            label: the label to ask, when no version is given.
            transport: how to ask.

        Raises:
            NoAnswerError: when the server refuses the request, or cannot be reached.
        """
        return self._ask_typed(typed.CLASSIFY, records, signature, version, label, transport)

    def regress(
        self,
        records: Sequence[bytes],
        *,
        signature: str = typed.REGRESS,
        version: int | None = None,
        label: str | None = None,
        transport: Transport = Transport.GRPC,
    ) -> Prediction:
        """Call Regress; the output is `outputs`, one number per row. Everything else is as in `classify`."""
        return self._ask_typed(typed.REGRESS, records, signature, version, label, transport)

    def _ask_typed(  # noqa: PLR0913, PLR0917  what both methods are given
        self,
        method: str,
        records: Sequence[bytes],
        signature: str,
        version: int | None,
        label: str | None,
        transport: Transport,
    ) -> Prediction:
        request = typed.request_of(method, records)
        if transport == Transport.REST:
            body = typed.body_of(signature, request.input.example_list.examples).encode()
            path = f"{self._path(version, label)}:{method}"
            return self._ask_by_rest(
                path, body, lambda found: typed.outputs_of_json(method, found["results"])
            )
        self._fill_spec(request.model_spec, version, label)
        request.model_spec.signature_name = signature
        return self._ask_by_grpc(method.title(), request, typed.outputs_of)

    def _ask_by_grpc(self, method: str, request: Any, outputs_of: _OutputsOf) -> Prediction:
        response, took = _timed(lambda: self._grpc.call(_PREDICTIONS, method, request))
        return Prediction(outputs_of(response), response.model_spec.version.value, took)

    def _ask_by_rest(self, path: str, body: bytes, outputs_of: _OutputsOf) -> Prediction:
        (answer, headers), took = _timed(lambda: self._rest.ask("POST", path, body))
        return Prediction(outputs_of(answer), int(headers.get(VERSION_HEADER, 0)), took)

    def status(self) -> list[dict[str, Any]]:
        """Return one row per version, the latest first: version, state, error.

        Raises:
            NoAnswerError: when there is no such model, or the server cannot be reached.
        """
        if self._grpc.address:
            request = get_model_status_pb2.GetModelStatusRequest()
            request.model_spec.name = self._model
            response = self._grpc.call(_MODELS, "GetModelStatus", request)
        else:
            answer, _ = self._rest.ask("GET", self._path())
            response = json_format.ParseDict(answer, get_model_status_pb2.GetModelStatusResponse())
        states = get_model_status_pb2.ModelVersionStatus.State
        return [
            {"version": found.version, "state": states.Name(found.state), "error": found.status.error_message}
            for found in response.model_version_status
        ]

    def signatures(self) -> list[dict[str, Any]]:
        """Return one row per input and output of the latest version: signature, kind, name, dtype, shape.

        Raises:
            NoAnswerError: when there is no such model, or the server cannot be reached.
        """
        self._signatures = self._metadata()
        return [
            {
                "signature": signature,
                "kind": kind,
                "name": name,
                "dtype": tf.as_dtype(info.dtype).name,
                "shape": shape_text(info),
            }
            for signature, found in sorted(self._signatures.items())
            for kind, infos in (("input", found.inputs), ("output", found.outputs))
            for name, info in sorted(infos.items())
        ]

    def _signature(self, name: str) -> Any:
        if name not in self._signatures:
            self._signatures = self._metadata()
        return self._signatures.get(name, meta_graph_pb2.SignatureDef())

    def _metadata(self) -> dict[str, Any]:
        signatures = get_model_metadata_pb2.SignatureDefMap()
        if self._grpc.address:
            request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
            request.model_spec.name = self._model
            response = self._grpc.call(_PREDICTIONS, "GetModelMetadata", request)
            response.metadata["signature_def"].Unpack(signatures)
        else:
            answer, _ = self._rest.ask("GET", f"{self._path()}/metadata")
            json_format.ParseDict(answer["metadata"]["signature_def"], signatures, ignore_unknown_fields=True)
        found = signatures.signature_def
        return {name: found[name] for name in found if name != INIT_OP_SIGNATURE_KEY}

    def _fill_spec(self, spec: Any, version: int | None, label: str | None) -> None:
        spec.name = self._model
        if version is not None:
            spec.version.value = version
        elif label is not None:
            spec.version_label = label

    def _path(self, version: int | None = None, label: str | None = None) -> str:
        path = f"/v1/models/{quote(self._model, safe='')}"
        if version is not None:
            return f"{path}/versions/{version}"
        return path if label is None else f"{path}/labels/{quote(label, safe='')}"


def _timed(ask: Callable[[], _R]) -> tuple[_R, float]:
    """Return an answer, and the milliseconds that it took."""
    started = time.perf_counter()
    answer = ask()
    return answer, (time.perf_counter() - started) * 1000


def _dtype(signature: Any, name: str) -> Any:
    """Return the dtype of an input, None for one that the signature does not have.

    Its dtype is then inferred from the value, and the server's error names the inputs that exist.
    """
    return tf.as_dtype(signature.inputs[name].dtype) if name in signature.inputs else None
