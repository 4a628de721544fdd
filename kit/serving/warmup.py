"""Warm-up: requests that come with a model are replayed before it takes traffic.

The first request to a signature builds its executor and optimises its graph, which takes up to a second. The file is
TensorFlow Serving's own, assets.extra/tf_serving_warmup_requests: a TFRecord of PredictionLogs. For a model without it,
`prime` calls each signature once, which the real server does not do.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.python.lib.io._pywrap_record_io import RecordIterator
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from kit.serving import answers
from kit.serving.assets import WARMUP_FILE
from kit.serving.batching.forms import Sent, form_of
from kit.serving.errors import ServingError, code_of
from kit.serving.servable import Question, Servable
from kit.serving.tensors import fill_proto
from kit.serving.turns import step

_MOST_RECORDS = 1000  # as in TensorFlow Serving: saved_model_warmup_util.h
_LOG = logging.getLogger(__name__)
_REPLAYS: dict[str, tuple[str, Callable[[Servable, Any], Any]]] = {
    "predict_log": ("request", answers.predict),
    "classify_log": ("request", answers.classify),
    "regress_log": ("request", answers.regress),
    "multi_inference_log": ("request", answers.multi_inference),
}


def warm_up(servable: Servable, iterations: int = 1, threads: int = 1) -> int:
    """Replay a version's warm-up file; return how many records it has. Without a file, `prime` it; return 0.

    Args:
        servable: the version.
        iterations: how often each record is replayed.
        threads: how many threads share the records, or the signatures to prime.

    Raises:
        ServingError: when the file cannot be read, or one of its requests fails: such a version must take no traffic.
    """
    servable.warming = True
    try:
        return _warm_up(servable, iterations, threads)
    finally:
        servable.warming = False


def _warm_up(servable: Servable, iterations: int, threads: int) -> int:
    path = servable.folder / WARMUP_FILE
    if not path.is_file():
        _LOG.info("No warmup data file found at %s", path)
        prime(servable, threads)
        return 0
    started = time.perf_counter()
    records = _read(path)
    with ThreadPoolExecutor(threads, "serving-warm-up") as pool:
        for replayed in [pool.submit(_replay, servable, record, path, iterations) for record in records]:
            replayed.result()
    _LOG.info("Replayed %d requests of %s in %.2f s.", len(records), path, time.perf_counter() - started)
    return len(records)


def prime(servable: Servable, threads: int = 1) -> None:
    """Call each signature once, with one row of zeros and empty strings; the answer does not matter.

    A graph may refuse such a row, for example when it parses tf.Examples and a required feature is missing. Its
    executor is built by then.

    Args:
        servable: the version.
        threads: how many threads share the signatures.
    """
    with ThreadPoolExecutor(threads, "serving-warm-up") as pool:
        for asked in [pool.submit(_ask, servable, name) for name in servable.signatures]:
            asked.result()


def _ask(servable: Servable, name: str) -> None:
    inputs = {key: _zeros(info) for key, info in servable.signatures[name].inputs.items()}
    try:
        with step():
            servable.run(name, inputs)
        with step():
            _compute_batch(servable, servable.question(name, inputs))
        with step():
            _compute_alike(servable, _request(servable, name, inputs))
    except ServingError as error:
        _LOG.debug("Signature %s refuses a row of zeros: %s", name, error)


def _zeros(info: Any) -> np.ndarray[Any, Any]:
    sizes = [max(dimension.size, 1) for dimension in info.tensor_shape.dim]  # -1 is any number
    dtype = tf.as_dtype(info.dtype)
    return np.full(sizes, b"", object) if dtype == tf.string else np.zeros(sizes, dtype.as_numpy_dtype)


def _read(path: Path) -> list[bytes]:
    try:
        # `tf.data` would start TensorFlow's eager runtime, which takes a twentieth of a server's start.
        records = list(islice(RecordIterator(str(path), ""), _MOST_RECORDS + 1))
    except tf.errors.OpError as error:
        raise ServingError(
            code_of(error.error_code),
            f"{error.message}. Please verify your warmup data is in TFRecord format.",
        ) from error
    if len(records) > _MOST_RECORDS:
        raise ServingError(
            grpc.StatusCode.INVALID_ARGUMENT,
            f"Number of warmup records exceeds the maximum ({_MOST_RECORDS}) at {path}",
        )
    return records


def _replay(servable: Servable, record: bytes, path: Path, iterations: int) -> None:
    try:
        log = prediction_log_pb2.PredictionLog.FromString(record)
    except DecodeError as error:
        raise ServingError(
            grpc.StatusCode.INVALID_ARGUMENT, f"Failed to parse warmup record from {path}: {error}"
        ) from error
    kind = log.WhichOneof("log_type")
    if kind not in _REPLAYS:
        raise ServingError(
            grpc.StatusCode.UNIMPLEMENTED, f"Unsupported log_type for warmup: {kind} at {path}"
        )
    field, answer = _REPLAYS[kind]
    request = getattr(getattr(log, kind), field)
    for _ in range(iterations):
        with step():
            answer(servable, request)
        if kind == "predict_log":
            with step():
                _compute_batch(servable, answers.predict_question(servable, request))
            with step():
                _compute_alike(servable, request)


def _compute_batch(servable: Servable, question: Question) -> None:
    """Compute as a gathered batch too, if the version can: that way has an executor of its own."""
    if batch := servable.batch_of(question):
        batch[0].compute_batch([question])


def _compute_alike(servable: Servable, request: Any) -> None:
    """Compute a PredictRequest as those that are alike too, if the version can: that way has an executor of its own."""
    message = request.SerializeToString()
    sent = Sent.read(message)
    form = form_of(servable, sent, message) if sent else None
    if sent and form and (values := form.taken(sent)):
        form.compute_batch([values])


def _request(servable: Servable, name: str, inputs: Mapping[str, np.ndarray[Any, Any]]) -> Any:
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = servable.name, name
    for key, array in inputs.items():
        fill_proto(request.inputs[key], array)
    return request
