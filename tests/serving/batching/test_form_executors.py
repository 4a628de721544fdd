"""A session builds an executor for each way to ask: none may be left to be built by a request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from kit.serving.assets import WARMUP_FILE
from kit.serving.batching import forms
from kit.serving.tensors import as_proto
from kit.serving.warmup import warm_up
from serving.batching.models import NAME, load, save_batches


def _request(signature: str, **inputs: np.ndarray[Any, Any]) -> Any:
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = NAME, signature
    for name, array in inputs.items():
        request.inputs[name].CopyFrom(as_proto(array))
    return request


@pytest.mark.parametrize("replayed", [False, True], ids=["zeros", "a record"])
def test_a_version_that_was_warmed_up_builds_nothing_for_its_first_request(
    tmp_path: Path, *, replayed: bool
) -> None:
    servable = load(save_batches(tmp_path / "1"), num_batch_threads=1)
    request = _request("codes", word=np.array([b"one"], object), x=np.ones(1, np.float32))
    message = request.SerializeToString()
    if replayed:
        log = prediction_log_pb2.PredictionLog()
        log.predict_log.request.ParseFromString(message)
        (tmp_path / "1" / "assets.extra").mkdir()
        with tf.io.TFRecordWriter(str(tmp_path / "1" / WARMUP_FILE)) as writer:
            writer.write(log.SerializeToString())
    warm_up(servable)
    known = set(servable._callables)
    sent = forms.Sent.read(message)
    assert sent is not None
    form = forms.form_of(servable, sent, message)
    assert form is not None
    form.compute_batch([form.taken(sent)])  # type: ignore[list-item]
    assert set(servable._callables) == known


def test_the_order_in_which_inputs_were_sent_needs_no_executor_of_its_own(tmp_path: Path) -> None:
    servable = load(save_batches(tmp_path / "1"), num_batch_threads=1)
    request = _request("joined", first=np.array([b"tw"], object), second=np.array([b"o"], object))
    message = request.SerializeToString()
    one = forms.Sent.read(message)
    assert one is not None
    # Protobuf gives a map in an order of its own, another one in each process.
    spec, *inputs = one.key
    other = forms.Sent(one.spec, (spec, *inputs[2:], *inputs[:2]), one.tensors[::-1])
    executors = set()
    for sent in (one, other):
        form = forms.form_of(servable, sent, message)
        assert form is not None
        (codes,) = form.compute_batch([form.taken(sent)])  # type: ignore[list-item]
        assert codes.tolist() == [2]
        executors.add(len(servable._callables))
    assert executors == {1}
