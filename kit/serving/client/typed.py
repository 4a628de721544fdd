"""Classify and Regress: tf.Examples in each transport's format, and both transports' answers as the same plain values.

Source of the formats: https://www.tensorflow.org/tfx/serving/api_rest#classify_and_regress_api.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import classification_pb2, regression_pb2

CLASSIFY, REGRESS = "classify", "regress"
"""The last part of a signature's method name, and of the REST path."""
CLASSES, SCORES, OUTPUTS = "classes", "scores", "outputs"
_REQUESTS = {CLASSIFY: classification_pb2.ClassificationRequest, REGRESS: regression_pb2.RegressionRequest}
_RESPONSES = {
    CLASSIFY: classification_pb2.ClassificationResponse,
    REGRESS: regression_pb2.RegressionResponse,
}


def request_of(method: str, records: Sequence[bytes]) -> Any:
    """Build a ClassificationRequest or a RegressionRequest from serialized tf.Examples; its model_spec is empty."""
    request = _REQUESTS[method]()
    request.input.example_list.examples.extend(map(tf.train.Example.FromString, records))
    return request


def method_of(request: Any) -> str:
    """Return CLASSIFY or REGRESS, by the type of a request."""
    return CLASSIFY if isinstance(request, classification_pb2.ClassificationRequest) else REGRESS


def response_of(method: str, content: bytes) -> Any:
    """Read a serialized ClassificationResponse or RegressionResponse."""
    return _RESPONSES[method].FromString(content)


def read_request(method: str, content: bytes) -> Any:
    """Read a serialized ClassificationRequest or RegressionRequest."""
    return _REQUESTS[method].FromString(content)


def body_of(signature: str, examples: Sequence[Any]) -> str:
    """Return the REST body for tf.Examples."""
    rows = [
        {name: _values(feature) for name, feature in sorted(one.features.feature.items())} for one in examples
    ]
    known = [{name: values for name, values in row.items() if values != []} for row in rows]
    return json.dumps({"signature_name": signature, "examples": known}, ensure_ascii=False)


def _values(feature: Any) -> Any:
    """Return one value as it is, several as a list; a float keeps its decimal point, which marks its type."""
    kind = feature.WhichOneof("kind")
    found = getattr(feature, kind).value if kind else ()
    values = [_text(value) if isinstance(value, bytes) else value for value in found]
    return values[0] if len(values) == 1 else values


def _text(value: bytes) -> Any:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(value).decode()}


def outputs_of(response: Any) -> dict[str, Any]:
    """Read a gRPC response: `classes` and `scores` with one list per row, or `outputs` with one number per row."""
    if hasattr(response.result, "regressions"):
        return {OUTPUTS: [one.value for one in response.result.regressions]}
    rows = [one.classes for one in response.result.classifications]
    return {
        CLASSES: [[one.label for one in row] for row in rows],
        SCORES: [[one.score for one in row] for row in rows],
    }


def outputs_of_json(method: str, results: Sequence[Any]) -> dict[str, Any]:
    """Read `results` of a REST answer like `outputs_of`; numbers are rounded to float32, as in the tensor."""
    if method == REGRESS:
        return {OUTPUTS: np.array(results, np.float32).tolist()}
    return {
        CLASSES: [[label for label, _ in row] for row in results],
        SCORES: [np.array([score for _, score in row], np.float32).tolist() for row in results],
    }
