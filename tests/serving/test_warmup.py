from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from kit.serving import warmup
from kit.serving.assets import WARMUP_FILE
from kit.serving.errors import ServingError
from kit.serving.loading import make_loader
from kit.serving.servable import Servable
from kit.serving.warmup import warm_up
from serving.models import NAME, predict_log, save_linear, settings_of, write_warmup

Load = Callable[..., Servable]


@pytest.fixture
def loaded(tmp_path: Path, request: pytest.FixtureRequest) -> Load:
    def load(*records: Any) -> Servable:
        servable = Servable.load(NAME, 1, save_linear(tmp_path, 1, warmup=records))
        request.addfinalizer(servable.close)
        return servable

    return load


def _of_example(kind: str, signature: str) -> Any:
    log = prediction_log_pb2.PredictionLog()
    request = getattr(log, kind).request
    spec = (
        request.tasks.add(method_name=f"tensorflow/serving/{signature}").model_spec
        if "multi" in kind
        else None
    )
    spec = spec or request.model_spec
    spec.name, spec.signature_name = NAME, signature
    request.input.example_list.examples.add().features.feature["x"].float_list.value.append(1.0)
    return log


def test_requests_of_every_api_are_replayed(loaded: Load) -> None:
    servable = loaded(
        predict_log(1.0),
        _of_example("classify_log", "classify"),
        _of_example("regress_log", "regress"),
        _of_example("multi_inference_log", "regress"),
    )
    assert warm_up(servable) == 4
    assert len(servable._callables) == 3  # regress and its part of multi-inference compute the same


def test_each_record_is_replayed_as_often_as_asked(loaded: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    servable = loaded(predict_log(1.0), predict_log(2.0))
    asked = []
    compute = servable.compute

    def watched(feeds: Any, fetches: Any) -> Any:
        asked.append(fetches)
        return compute(feeds, fetches)

    monkeypatch.setattr(servable, "compute", watched)
    warm_up(servable, iterations=3)
    assert len(asked) == 6


def test_a_model_without_the_file_is_asked_once_through_each_signature(loaded: Load) -> None:
    servable = loaded()
    assert warm_up(servable) == 0
    assert (
        len(servable._callables) == len(servable.signatures) == 5
    )  # "three" and "classify" refuse such a row
    assert servable.run("", {"x": np.ones(1, np.float32)})["y"].tolist() == [2]


def test_signatures_are_asked_by_as_many_threads_as_there_may_be(
    loaded: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    servable = loaded()
    together = threading.Barrier(len(servable.signatures), timeout=30)
    monkeypatch.setattr(servable, "run", lambda *_: together.wait())
    warm_up(servable, threads=len(servable.signatures))  # one thread less, and all would wait for it
    assert not together.broken


def test_a_file_that_is_no_tfrecord_is_refused(loaded: Load) -> None:
    servable = loaded(predict_log(1.0))
    path = servable.folder / WARMUP_FILE
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(ServingError, match="verify your warmup data is in TFRecord format") as raised:
        warm_up(servable)
    assert raised.value.code is grpc.StatusCode.DATA_LOSS


def test_a_record_that_is_no_prediction_log_is_refused(loaded: Load) -> None:
    servable = loaded(predict_log(1.0))
    with tf.io.TFRecordWriter(str(servable.folder / WARMUP_FILE)) as writer:
        writer.write(b"\xff\xff")
    with pytest.raises(ServingError, match="Failed to parse warmup record"):
        warm_up(servable)


def test_a_kind_that_cannot_be_replayed_is_refused(loaded: Load) -> None:
    log = prediction_log_pb2.PredictionLog()
    log.session_run_log.SetInParent()
    with pytest.raises(ServingError, match="Unsupported log_type for warmup: session_run_log") as raised:
        warm_up(loaded(log))
    assert raised.value.code is grpc.StatusCode.UNIMPLEMENTED


def test_more_records_than_the_real_server_takes_are_refused(
    loaded: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    servable = loaded(predict_log(1.0), predict_log(1.0))
    monkeypatch.setattr(warmup, "_MOST_RECORDS", 2)
    assert warm_up(servable) == 2
    monkeypatch.setattr(warmup, "_MOST_RECORDS", 1)
    with pytest.raises(ServingError, match=r"exceeds the maximum \(1\)"):
        warm_up(servable)


def test_warmup_can_be_switched_off(tmp_path: Path) -> None:
    folder = save_linear(tmp_path, 1, warmup=[predict_log(1.0, signature="three")])
    with pytest.raises(ServingError, match="not compatible"):
        make_loader(settings_of(tmp_path))(NAME, 1, folder)
    make_loader(settings_of(tmp_path, enable_model_warmup=False))(NAME, 1, folder).close()
    write_warmup(folder, [predict_log(1.0, 2.0, 3.0, signature="three")])
    make_loader(settings_of(tmp_path))(NAME, 1, folder).close()
