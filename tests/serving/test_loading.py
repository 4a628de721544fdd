from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
import tensorflow as tf
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import saved_model_pb2

from kit.serving import loading, turns
from kit.serving.errors import ServingError
from kit.serving.loading import make_loader
from kit.serving.settings import Settings
from kit.training.isolated import run_isolated
from serving.models import NAME, save_linear


def test_a_version_has_all_processors_unless_requests_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warmed: list[tuple[int, bool]] = []
    usual = sys.getswitchinterval()

    def note(_servable: Any, _iterations: int, threads: int) -> None:
        warmed.append((threads, sys.getswitchinterval() < usual))

    monkeypatch.setattr(loading, "cores", lambda: 6)
    monkeypatch.setattr(loading, "warm_up", note)
    monkeypatch.setattr(turns, "_last_request", -math.inf)
    load = make_loader(Settings())
    load(NAME, 1, save_linear(tmp_path / NAME, 1)).close()
    turns.note_request()
    load("other", 1, save_linear(tmp_path / "other", 1)).close()
    assert warmed == [(6, True), (1, True)]
    assert sys.getswitchinterval() == usual


def test_a_signature_that_no_server_can_read_is_that_versions_error(tmp_path: Path) -> None:
    folder = save_linear(tmp_path / NAME, 1)
    model = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    for signature in model.meta_graphs[0].signature_def.values():
        for given in signature.inputs.values():
            given.dtype = types_pb2.DT_INVALID
    (folder / "saved_model.pb").write_bytes(model.SerializeToString())
    with pytest.raises(ServingError, match=f"Could not load {folder}: TypeError") as raised:
        make_loader(Settings())(NAME, 1, folder)
    assert raised.value.code == grpc.StatusCode.INTERNAL


class Reshaped(tf.Module):
    """A model with a shape that is computed from constants, which the graph optimizer does by a session of its own."""

    @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32, name="x")])
    def __call__(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"y": tf.reshape(x, tf.concat([[-1], tf.constant([1]) * tf.constant([2]), [2]], 0))}


def count_threads(payload: bytes, _report: Callable[[str], None]) -> bytes:
    """Return the number of threads of this process once it has loaded a version."""
    folder, threads = json.loads(payload)
    make_loader(Settings(tensorflow_intra_op_parallelism=threads))(NAME, 1, Path(folder))
    counts = []
    for _ in range(10):  # the warm-up's own thread may still be ending
        counts.append(len(list(Path("/proc/self/task").iterdir())))
        time.sleep(0.02)
    return str(min(counts)).encode()


def test_one_operation_has_as_many_threads_as_the_settings_say(tmp_path: Path) -> None:
    model = Reshaped()
    tf.saved_model.save(model, str(tmp_path), signatures=model.__call__)
    one, six = (
        int(run_isolated(count_threads, json.dumps([str(tmp_path), threads]).encode(), "loading"))
        for threads in (1, 6)
    )
    assert six - one == 5  # the caller stands in for a single one
