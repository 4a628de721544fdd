"""Classify, Regress and MultiInference over the wire, of a model that the kit has trained: its signatures are typed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from tensorflow_serving.apis import inference_pb2, prediction_service_pb2_grpc

from kit.data.records import first_records
from kit.release.signatures import MODEL_FOLDER
from kit.serving.client import typed
from kit.serving.server import ModelServer
from kit.training.typed_signatures import METHODS
from serving.models import settings_of

if TYPE_CHECKING:
    from pathlib import Path

    from training.tiny import Tiny

_NAME, _SECONDS = "tiny", 20


@pytest.fixture
def stub(tiny: Tiny, tmp_path: Path) -> Iterator[Any]:
    shutil.copytree(tiny.path("Trainer", "model") / MODEL_FOLDER, tmp_path / _NAME / "1")
    settings = settings_of(tmp_path / _NAME, model_name=_NAME, enable_model_warmup=False)
    with (
        ModelServer(settings) as server,
        grpc.insecure_channel(str(server.start().grpc)) as channel,
    ):
        yield prediction_service_pb2_grpc.PredictionServiceStub(channel)


def test_multi_inference_says_what_classify_and_regress_say(tiny: Tiny, stub: Any) -> None:
    records = first_records(tiny.path("ExampleGen", "examples"), "eval", 5)
    both = inference_pb2.MultiInferenceRequest()
    alone = {}
    for name, method in METHODS.items():
        request = typed.request_of(name, records)
        request.model_spec.name, request.model_spec.signature_name = _NAME, name
        alone[name] = getattr(stub, name.title())(request, _SECONDS)
        both.input.CopyFrom(request.input)
        both.tasks.add(method_name=method).model_spec.CopyFrom(request.model_spec)
    classified, regressed = stub.MultiInference(both, _SECONDS).results
    assert [each.model_spec.signature_name for each in (classified, regressed)] == list(METHODS)
    assert classified.classification_result == alone[typed.CLASSIFY].result
    assert regressed.regression_result == alone[typed.REGRESS].result
    likely = [one.classes[1].score for one in classified.classification_result.classifications]
    assert likely == pytest.approx([one.value for one in regressed.regression_result.regressions])
    assert len(set(likely)) > 1
