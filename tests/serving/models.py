"""Small SavedModels for tests of serving: written in a tenth of a second, with signatures of every method."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from kit.serving.assets import WARMUP_FILE
from kit.serving.manager import Manager
from kit.serving.settings import PLATFORM, Settings

v1 = tf.compat.v1
NAME = "linear"


def save_linear(base: Path, version: int, factor: float = 2.0, *, warmup: Sequence[Any] = ()) -> Path:
    """Save a model with y = factor · x; it appears in the folder at once, as a push makes it appear.

    Args:
        base: folder of the model.
        version: its number.
        factor: by which an answer tells which model gave it.
        warmup: PredictionLogs for its warm-up file.
    """
    temporary = base / f".{version}.part"
    base.mkdir(parents=True, exist_ok=True)
    with tf.Graph().as_default(), v1.Session() as session:
        gain = v1.get_variable("gain", initializer=tf.constant(factor))
        signatures = {**_predicts(gain), **_of_examples(gain)}
        session.run(v1.global_variables_initializer())
        builder = v1.saved_model.Builder(str(temporary))
        builder.add_meta_graph_and_variables(session, [tf.saved_model.SERVING], signatures)
        builder.save()
    if warmup:
        write_warmup(temporary, warmup)
    return temporary.rename(base / str(version))


def _predicts(gain: Any) -> dict[str, Any]:
    number = v1.placeholder(tf.float32, [None], "x")
    pair = v1.placeholder(tf.float32, [None, 2], "pair")
    text = v1.placeholder(tf.string, [None], "text")
    build = v1.saved_model.predict_signature_def
    return {
        "serving_default": build({"x": number}, {"y": gain * number}),
        "pairs": build(
            {"pair": pair, "text": text}, {"total": tf.reduce_sum(pair, 1), "echo": tf.identity(text)}
        ),
        "three": build(
            {"x": number}, {"y": tf.ensure_shape(number, [3])}
        ),  # fails for any other number of rows
    }


def _of_examples(gain: Any) -> dict[str, Any]:
    serialized = v1.placeholder(tf.string, [None], "examples")
    x = tf.io.parse_example(serialized, {"x": tf.io.FixedLenFeature([], tf.float32)})["x"]
    scores = tf.stack([gain * x, -gain * x], axis=1)
    classes = tf.tile([["up", "down"]], [tf.shape(x)[0], 1])
    return {
        "classify": v1.saved_model.classification_signature_def(serialized, classes, scores),
        "regress": v1.saved_model.regression_signature_def(serialized, gain * x),
    }


def write_warmup(folder: Path, records: Sequence[Any]) -> None:
    """Write messages as the warm-up file of a model's folder."""
    path = folder / WARMUP_FILE
    path.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record.SerializeToString())


def predict_log(*numbers: float, signature: str = "serving_default") -> Any:
    """Return the PredictionLog of a request for these numbers."""
    log = prediction_log_pb2.PredictionLog()
    log.predict_log.request.CopyFrom(predict_request(*numbers, signature=signature))
    return log


def predict_request(*numbers: float, signature: str = "", model: str = NAME) -> Any:
    """Return a PredictRequest for y of these numbers."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = model, signature
    request.inputs["x"].CopyFrom(tf.make_tensor_proto(list(numbers), tf.float32))
    return request


def break_model(base: Path, version: int) -> Path:
    """Make a version that cannot be loaded."""
    folder = base / str(version)
    folder.mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"not a graph")
    return folder


def remove(base: Path, version: int) -> None:
    """Take a version away at once, as a rename does."""
    gone = (base / str(version)).rename(base / f".{version}.gone")
    shutil.rmtree(gone)


def settings_of(base: Path, **others: Any) -> Settings:
    """Return settings of a server for one model, which looks for versions only when it is told to."""
    own: dict[str, Any] = {
        "port": 0,
        "model_name": NAME,
        "model_base_path": str(base),
        "file_system_poll_wait_seconds": 0,
    }
    return Settings(**own | others)


def config_text(base: Path, policy: str = "", labels: str = "", *, name: str = NAME) -> str:
    """Return a models.config."""
    return (
        f'model_config_list {{ config {{ name: "{name}" base_path: "{base}" model_platform: "{PLATFORM}" '
        f"{policy} {labels} }} }}"
    )


def factor(manager: Manager, version: int | None = None, label: str | None = None) -> float:
    with manager.get(NAME, version, label) as servable:
        return float(servable.run("", {"x": np.ones(1, np.float32)})["y"][0])
