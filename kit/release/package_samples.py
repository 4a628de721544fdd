"""The sample requests and answers that go into a package, one for each signature.

    assets.extra/samples/<signature>/request.pb     PredictRequest, ClassificationRequest or RegressionRequest
    assets.extra/samples/<signature>/response.pb    PredictResponse, and so on
    assets.extra/samples/<signature>/rows.json      the same request for REST's predict, row by row
    assets.extra/samples/<signature>/columns.json   the same, input by input
    assets.extra/samples/<signature>/classify.json  the same for REST's classify, instead of these two
    assets.extra/samples/<signature>/regress.json   the same for REST's regress
    assets.extra/tf_serving_warmup_requests         all requests, for a server to warm up with

The folder and the warm-up file are where TensorFlow Serving has them; it copies `assets.extra` unread otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2

from kit.errors import InfraCheckError
from kit.release.contract import method_of
from kit.release.sample_request import Arrays, PredictSample, Sample, TypedSample
from kit.release.signatures import make_arrays
from kit.serving import answers
from kit.serving.assets import EXTRA, WARMUP_FILE
from kit.serving.client import typed
from kit.serving.errors import ServingError
from kit.serving.servable import Servable
from kit.workspace import write_atomically

SAMPLES = EXTRA / "samples"
_ANSWERS: dict[str, Callable[[Servable, Any], Any]] = {
    typed.CLASSIFY: answers.classify,
    typed.REGRESS: answers.regress,
}


def make_samples(servable: Servable, records: Sequence[bytes], column_of: Mapping[str, str]) -> list[Sample]:
    """Make a request for each signature of serialized tf.Examples, and let the model answer it.

    Args:
        servable: the model.
        records: serialized tf.Examples, one per row.
        column_of: the column of each input whose name differs from its column's.

    Raises:
        InfraCheckError: when a signature does not answer, answers with a non-number, or has an input without a column.
    """
    samples: list[Sample] = []
    for name, signature in sorted(servable.signatures.items()):
        make = _typed if method_of(signature) in _ANSWERS else _predicted
        try:
            sample = make(servable, name, records, column_of)
        except ServingError as error:
            raise InfraCheckError(
                f"Signature {name} must answer, but raised: {error}. Train again."
            ) from error
        _check_numbers(name, sample.answer)
        samples.append(sample)
    return samples


def _typed(
    servable: Servable, name: str, records: Sequence[bytes], _column_of: Mapping[str, str]
) -> TypedSample:
    method = method_of(servable.signatures[name])
    request = typed.request_of(method, records)
    request.model_spec.name, request.model_spec.signature_name = servable.name, name
    response = _ANSWERS[method](servable, request)
    response.model_spec.ClearField("version")  # of the package, which has no number yet
    return TypedSample(request, response)


def _predicted(
    servable: Servable, name: str, records: Sequence[bytes], column_of: Mapping[str, str]
) -> PredictSample:
    signature = servable.signatures[name]
    specs = {key: _spec(key, info) for key, info in sorted(signature.inputs.items())}
    arrays = make_arrays(name, specs, [*records], column_of)
    answer = servable.run(name, arrays)
    by_rows = all(
        not info.tensor_shape.unknown_rank and [dim.size for dim in info.tensor_shape.dim][:1] == [-1]
        for info in signature.inputs.values()
    )
    request, response = predict_pb2.PredictRequest(), predict_pb2.PredictResponse()
    _fill(request, request.inputs, servable, name, arrays)
    _fill(response, response.outputs, servable, name, answer)
    return PredictSample(request, response, by_rows)


def _spec(name: str, info: Any) -> tf.TensorSpec:
    return tf.TensorSpec(tf.TensorShape(info.tensor_shape), tf.as_dtype(info.dtype), name)


def _check_numbers(signature: str, answer: Arrays) -> None:
    for key, value in answer.items():
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            raise InfraCheckError(
                f"{key} of signature {signature} must be numbers, but has NaN or infinity. Train again."
            )


def _fill(message: Any, tensors: Any, servable: Servable, name: str, arrays: Arrays) -> None:
    """Put the name of a signature and its arrays into a message, whose `tensors` are its inputs or outputs."""
    message.model_spec.name, message.model_spec.signature_name = servable.name, name
    for key, array in arrays.items():
        tensors[key].CopyFrom(tf.make_tensor_proto(array))


def write_samples(package: Path, samples: Sequence[Sample]) -> None:
    """Write requests and answers into a package, and the file that warms a server up."""
    for sample in samples:
        folder = package / SAMPLES / sample.signature
        write_atomically(folder / "request.pb", sample.request.SerializeToString(deterministic=True))
        write_atomically(folder / "response.pb", sample.response.SerializeToString(deterministic=True))
        for name, body in sample.files().items():
            write_atomically(folder / name, body)
    with tf.io.TFRecordWriter(str(package / WARMUP_FILE)) as writer:
        for sample in samples:
            writer.write(sample.log().SerializeToString(deterministic=True))


def read_samples(package: Path) -> list[PredictSample | TypedSample]:
    """Read what `write_samples` wrote; empty for a model that was pushed by other means."""
    return [_read(folder) for folder in sorted((package / SAMPLES).glob("*/"))]


def _read(folder: Path) -> PredictSample | TypedSample:
    request, response = ((folder / name).read_bytes() for name in ("request.pb", "response.pb"))
    for method in _ANSWERS:
        if (folder / f"{method}.json").exists():
            return TypedSample(typed.read_request(method, request), typed.response_of(method, response))
    return PredictSample(
        predict_pb2.PredictRequest.FromString(request),
        predict_pb2.PredictResponse.FromString(response),
        (folder / "rows.json").exists(),
    )
