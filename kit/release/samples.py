"""A request for each signature that goes into a package, as a client writes it, and what the model answered to it.

    assets.extra/samples/<signature>/request.pb     PredictRequest
    assets.extra/samples/<signature>/rows.json      the same for REST, row by row
    assets.extra/samples/<signature>/columns.json   the same for REST, input by input
    assets.extra/samples/<signature>/response.pb    PredictResponse
    assets.extra/tf_serving_warmup_requests         all requests, for a server to warm up with

The folder and the warm-up file are where TensorFlow Serving has them; it copies `assets.extra` unread otherwise.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from kit.errors import InfraCheckError
from kit.release.signatures import make_request
from kit.serving.errors import ServingError
from kit.serving.servable import Servable
from kit.workspace import write_atomically

EXTRA = Path("assets.extra")
SAMPLES = EXTRA / "samples"
WARMUP = EXTRA / "tf_serving_warmup_requests"
TOLERANCE = 1e-5  # absolute and relative: the same graph in another process may add in another order

Arrays = Mapping[str, "np.ndarray[Any, Any]"]


@dataclass(frozen=True)
class Sample:
    """A request, and what the model answered.

    Attributes:
        request: PredictRequest.
        response: PredictResponse.
        by_rows: whether REST's row format can write it: each input has its rows in its first dimension.
    """

    request: Any
    response: Any
    by_rows: bool

    @property
    def signature(self) -> str:
        return str(self.request.model_spec.signature_name)

    @property
    def inputs(self) -> dict[str, np.ndarray[Any, Any]]:
        return {name: tf.make_ndarray(tensor) for name, tensor in sorted(self.request.inputs.items())}

    @property
    def answer(self) -> dict[str, np.ndarray[Any, Any]]:
        return {name: tf.make_ndarray(tensor) for name, tensor in sorted(self.response.outputs.items())}

    def columns_json(self) -> str:
        """Return the body of a REST request, input by input."""
        values = {name: _values(array) for name, array in self.inputs.items()}
        return _json({"signature_name": self.signature, "inputs": values})

    def rows_json(self) -> str:
        """Return the body of a REST request, row by row."""
        values = {name: _values(array) for name, array in self.inputs.items()}
        rows = [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]
        return _json({"signature_name": self.signature, "instances": rows})


def make_samples(servable: Servable, records: Sequence[bytes], column_of: Mapping[str, str]) -> list[Sample]:
    """Make a request for each signature of serialized tf.Examples, and let the model answer it.

    Args:
        servable: the model.
        records: serialized tf.Examples, a row each.
        column_of: the column of each input that is not called as its column.

    Raises:
        InfraCheckError: when a signature does not answer, answers with what is no number, or takes what no column is.
    """
    samples = []
    for name, signature in sorted(servable.signatures.items()):
        specs = {key: _spec(key, info) for key, info in sorted(signature.inputs.items())}
        try:
            arrays = {key: value.numpy() for key, value in make_request(specs, [*records], column_of).items()}
        except KeyError as error:
            raise InfraCheckError(
                f"Each input of signature {name} must be a column of the data, of string, float32 or int64, but no "
                f"request can be made of {error}. Name the input after a column, or leave the signature out."
            ) from None
        try:
            answer = servable.run(name, arrays)
        except ServingError as error:
            raise InfraCheckError(
                f"Signature {name} must answer, but raised: {error}. Train again."
            ) from error
        _check_numbers(name, answer)
        by_rows = all(
            not info.tensor_shape.unknown_rank and [dim.size for dim in info.tensor_shape.dim][:1] == [-1]
            for info in signature.inputs.values()
        )
        samples.append(Sample(_request(servable, name, arrays), _response(servable, name, answer), by_rows))
    return samples


def _spec(name: str, info: Any) -> tf.TensorSpec:
    return tf.TensorSpec(tf.TensorShape(info.tensor_shape), tf.as_dtype(info.dtype), name)


def _check_numbers(signature: str, answer: Arrays) -> None:
    for key, value in answer.items():
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            raise InfraCheckError(
                f"{key} of signature {signature} must be numbers, but has NaN or infinity. Train again."
            )


def _request(servable: Servable, name: str, arrays: Arrays) -> Any:
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = servable.name, name
    for key, array in arrays.items():
        request.inputs[key].CopyFrom(tf.make_tensor_proto(array))
    return request


def _response(servable: Servable, name: str, arrays: Arrays) -> Any:
    response = predict_pb2.PredictResponse()
    response.model_spec.name, response.model_spec.signature_name = servable.name, name
    for key, array in arrays.items():
        response.outputs[key].CopyFrom(tf.make_tensor_proto(array))
    return response


def write_samples(package: Path, samples: Sequence[Sample]) -> None:
    """Write requests and answers into a package, and the file that warms a server up."""
    for sample in samples:
        folder = package / SAMPLES / sample.signature
        write_atomically(folder / "request.pb", sample.request.SerializeToString(deterministic=True))
        write_atomically(folder / "response.pb", sample.response.SerializeToString(deterministic=True))
        write_atomically(folder / "columns.json", sample.columns_json())
        if sample.by_rows:
            write_atomically(folder / "rows.json", sample.rows_json())
    with tf.io.TFRecordWriter(str(package / WARMUP)) as writer:
        for sample in samples:
            log = prediction_log_pb2.PredictLog(request=sample.request)
            record = prediction_log_pb2.PredictionLog(predict_log=log)
            writer.write(record.SerializeToString(deterministic=True))


def read_samples(package: Path) -> list[Sample]:
    """Read what `write_samples` wrote; empty for a model that was pushed by other means."""
    return [
        Sample(
            predict_pb2.PredictRequest.FromString((folder / "request.pb").read_bytes()),
            predict_pb2.PredictResponse.FromString((folder / "response.pb").read_bytes()),
            (folder / "rows.json").exists(),
        )
        for folder in sorted((package / SAMPLES).glob("*/"))
    ]


def difference(expected: Arrays, found: Arrays) -> str:
    """Say how one answer differs from another; empty when it does not, but for rounding."""
    if expected.keys() != found.keys():
        return f"the outputs are {', '.join(sorted(found))}, not {', '.join(sorted(expected))}"
    for name, wanted in expected.items():
        got = found[name]
        if got.shape != wanted.shape:
            return f"{name} has the shape {list(got.shape)}, not {list(wanted.shape)}"
        if wanted.dtype.kind != "f":
            same = np.asarray(got == wanted)
        else:
            same = np.isclose(got.astype(float), wanted.astype(float), TOLERANCE, TOLERANCE, equal_nan=True)
        if not same.all():
            place = tuple(int(index) for index in np.argwhere(~same)[0])
            return f"{name}{list(place)} is {got[place]}, not {wanted[place]}"
    return ""


def _values(array: np.ndarray[Any, Any]) -> Any:
    """Return an array as JSON values; bytes that are no text are written as REST wants them."""
    if array.dtype != object:
        return array.tolist()
    try:
        texts = [value.decode("utf-8") for value in array.ravel()]
    except UnicodeDecodeError:
        texts = [{"b64": base64.b64encode(value).decode()} for value in array.ravel()]
    shaped = np.empty(array.size, object)
    shaped[:] = texts
    return shaped.reshape(array.shape).tolist()


def _json(body: Mapping[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False) + "\n"
