"""A checkpoint that is written without looking for its variables again is the one that TensorFlow writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from kit.training.checkpoint_file import CheckpointFile, checkpoint_of

X = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
Y = X.sum(axis=1, keepdims=True)


class Counted(tf_keras.layers.Layer):
    """Keeps a table beside its weights."""

    def build(self, shape: Any) -> None:
        del shape
        self.table = tf.lookup.experimental.DenseHashTable(tf.int64, tf.int64, -1, -1, -2)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return inputs


def model(*layers: tf_keras.layers.Layer) -> tf_keras.Model:
    built = tf_keras.Sequential([*layers, tf_keras.layers.Dense(2), tf_keras.layers.Dense(1)])
    built.compile("adam", "mse", metrics=[tf_keras.metrics.AUC()])
    built.fit(X, Y, verbose=0)
    return built


def values(path: Path) -> dict[str, Any]:
    found = tf.train.load_checkpoint(str(path))
    return {name: found.get_tensor(name) for name in found.get_variable_to_shape_map()}


def assert_written(trained: tf_keras.Model, path: Path) -> None:
    """Compare a file with TensorFlow's own of the same moment, value by value."""
    theirs = path.with_name("theirs")
    checkpoint_of(trained).write(str(theirs))
    expected, found = values(theirs), values(path)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)


def test_later_files_are_tensorflow_s_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained, file = model(), CheckpointFile()
    file.write(trained, tmp_path / "first")
    trained.fit(X, Y, verbose=0)
    with monkeypatch.context() as patched:  # the second does not come from there
        patched.delattr(tf.train.Checkpoint, "write")
        file.write(trained, tmp_path / "second")
    assert_written(trained, tmp_path / "second")
    assert {path.name for path in tmp_path.glob("second*")} == {"second.index", "second.data-00000-of-00001"}
    fresh = model()
    checkpoint_of(fresh).read(str(tmp_path / "second")).assert_existing_objects_matched()
    for mine, theirs in zip(fresh.get_weights(), trained.get_weights(), strict=True):
        assert np.array_equal(mine, theirs)


def test_another_model_is_looked_through_anew(tmp_path: Path) -> None:
    file = CheckpointFile()
    for number, trained in enumerate((model(), model(tf_keras.layers.Dense(3)))):
        file.write(trained, tmp_path / str(number))
        assert_written(trained, tmp_path / str(number))


def test_what_is_no_variable_is_written_too(tmp_path: Path) -> None:
    trained, file = model(Counted()), CheckpointFile()
    for number in range(2):
        trained.layers[0].table.insert(tf.constant([number], tf.int64), tf.constant([7], tf.int64))
        file.write(trained, tmp_path / str(number))
        assert_written(trained, tmp_path / str(number))


def test_a_model_of_mixed_precision_keeps_whole_weights(tmp_path: Path) -> None:
    dense, file = (
        tf_keras.layers.Dense(3, dtype=tf_keras.mixed_precision.Policy("mixed_bfloat16")),
        CheckpointFile(),
    )
    trained = model(dense)
    for name in ("first", "second"):
        file.write(trained, tmp_path / name)
        trained.fit(X, Y, verbose=0)
    file.write(trained, tmp_path / "third")
    assert_written(trained, tmp_path / "third")
