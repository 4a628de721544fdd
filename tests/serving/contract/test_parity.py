"""REST and gRPC give the same numbers, to the bit."""

from __future__ import annotations

import json
from typing import Any

import hypothesis
import numpy as np
import tensorflow as tf
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from tensorflow_serving.apis import predict_pb2, regression_pb2

from serving.grpc_api.asking import examples_for
from serving.models import NAME
from serving.rest.asking import ask

_SECONDS = 20
_MOST = 2.0**126  # doubled, it stays within float32
_NUMBERS = st.floats(-_MOST, _MOST, width=32, allow_subnormal=False)  # TensorFlow takes subnormal ones for 0


def _by_grpc(stub: Any, signature: str, **inputs: Any) -> dict[str, Any]:
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = NAME, signature
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    outputs = stub.Predict(request, _SECONDS).outputs
    return {name: tf.make_ndarray(tensor) for name, tensor in outputs.items()}


@hypothesis.settings(max_examples=25, deadline=None)
@hypothesis.given(values=arrays.arrays(np.float32, st.integers(1, 20), elements=_NUMBERS))
def test_predict_answers_the_same_bits_by_rest_and_grpc(rest: str, prediction: Any, values: Any) -> None:
    [expected] = _by_grpc(prediction, "", x=values).values()
    for key, answer_key in (("instances", "predictions"), ("inputs", "outputs")):
        found = ask(rest, f"/v1/models/{NAME}:predict", {key: values.tolist()}).json[answer_key]
        assert np.array(found, np.float32).tobytes() == expected.tobytes()


@hypothesis.settings(max_examples=15, deadline=None)
@hypothesis.given(
    pairs=arrays.arrays(
        np.float32, st.tuples(st.integers(1, 5), st.just(2)), elements=st.floats(-9, 9, width=32)
    ),
    text=st.text(max_size=5),
)
def test_several_inputs_and_outputs(rest: str, prediction: Any, pairs: Any, text: str) -> None:
    expected = _by_grpc(prediction, "pairs", pair=pairs, text=[text.encode()] * len(pairs))
    rows = [{"pair": pair, "text": text} for pair in pairs.tolist()]
    found = ask(rest, f"/v1/models/{NAME}:predict", {"signature_name": "pairs", "instances": rows}).json[
        "predictions"
    ]
    assert np.array([row["total"] for row in found], np.float32).tobytes() == expected["total"].tobytes()
    assert [row["echo"].encode() for row in found] == expected["echo"].tolist()


@hypothesis.settings(max_examples=15, deadline=None)
@hypothesis.given(st.lists(_NUMBERS, min_size=1, max_size=5))
def test_regress_answers_the_same_by_rest_and_grpc(rest: str, prediction: Any, numbers: list[float]) -> None:
    request = examples_for(regression_pb2.RegressionRequest(), *numbers, signature="regress")
    expected = [found.value for found in prediction.Regress(request, _SECONDS).result.regressions]
    body = json.dumps(
        {"signature_name": "regress", "examples": [{"x": number} for number in numbers]}
    ).encode()
    found = ask(rest, f"/v1/models/{NAME}:regress", body).json["results"]
    assert np.array(found, np.float32).tolist() == expected
