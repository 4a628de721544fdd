"""The requests of a load: those in a model's package, or those that a server has logged."""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow_serving.apis import prediction_log_pb2

from kit.errors import UsageError
from kit.serving.prediction_log.reader import whole_records


def recorded_requests(path: Path, model: str, signature: str = "serving_default") -> tuple[bytes, ...]:
    """Return the PredictRequests of a file of PredictionLogs that ask a signature, serialized.

    Args:
        path: a TFRecord: a model's warm-up file or a prediction log.
        model: name that the requests are to ask for, whatever they asked for then; versions are left out.
        signature: the signature of the model.

    Raises:
        UsageError: when the file has none.
    """
    try:
        records, _ = whole_records(path)
        logs = [prediction_log_pb2.PredictionLog.FromString(record) for record in records]
    except (OSError, DecodeError, tf.errors.OpError) as error:  # TensorFlow raises its own error for a folder
        raise UsageError(
            f"{path} must be a TFRecord of PredictionLogs, but cannot be read: {error}. Give a warm-up file or a "
            "prediction log."
        ) from error
    found = []
    for log in logs:
        request = log.predict_log.request
        asked = request.model_spec.signature_name or "serving_default"
        if log.WhichOneof("log_type") == "predict_log" and asked == signature:
            request.model_spec.Clear()
            request.model_spec.name, request.model_spec.signature_name = model, signature
            # The order of a map differs between processes, and what was measured is known by these bytes.
            found.append(bytes(request.SerializeToString(deterministic=True)))
    if not found:
        raise UsageError(
            f"{path} must have requests for the signature {signature}, but has none among {len(logs)} records. Name "
            "another signature or another file."
        )
    return tuple(found)
