"""Several steps a call train exactly as Keras's own loop does, from one trace of the step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from kit.training.execution import execute_several

ROWS, BATCH = 52, 4  # 13 steps: the last call of an epoch is shorter
X = np.random.default_rng(0).normal(size=(ROWS, 3)).astype("float32")
Y = (X.sum(axis=1, keepdims=True) > 0).astype("float32")


class ByTheBatch(tf_keras.layers.Layer):
    """Does one thing or another by the values of a batch, in Python that only AutoGraph can make a graph of."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        if tf.reduce_sum(inputs) > 0.0:
            return inputs
        return tf.zeros_like(inputs)


class OwnStep(tf_keras.Sequential):
    """Has a step of its own."""

    def train_step(self, data: Any) -> Any:
        return {**super().train_step(data), "own": 7.0}


def model(kind: type[tf_keras.Sequential] = tf_keras.Sequential) -> tf_keras.Sequential:
    tf_keras.utils.set_random_seed(5)
    built = kind([tf_keras.layers.Dense(4, "relu"), tf_keras.layers.Dense(1, "sigmoid")])
    built.build((None, 3))
    built.compile("adam", "binary_crossentropy", metrics=[tf_keras.metrics.AUC(name="auc")])
    return built


def trained(built: tf_keras.Sequential) -> dict[str, list[float]]:
    history = built.fit(X, Y, BATCH, epochs=3, shuffle=False, verbose=0, validation_data=(X, Y))
    found: dict[str, list[float]] = history.history
    return found


@pytest.mark.parametrize("steps", [4, 100])
def test_the_same_weights_metrics_and_counters_as_with_keras(steps: int) -> None:
    plain, kits = model(), model()
    plain.steps_per_execution = steps
    execute_several(kits, steps)
    expected, found = trained(plain), trained(kits)
    assert found.keys() == expected.keys() == {"loss", "auc", "val_loss", "val_auc"}
    for name, values in expected.items():
        assert found[name] == values, name
    for mine, theirs in zip(kits.get_weights(), plain.get_weights(), strict=True):
        assert np.array_equal(mine, theirs)
    assert kits.optimizer.iterations.numpy() == plain.optimizer.iterations.numpy() == 3 * ROWS / BATCH
    assert kits._train_counter.numpy() == plain._train_counter.numpy() == 3 * ROWS / BATCH


def test_the_step_is_traced_once(monkeypatch: pytest.MonkeyPatch) -> None:
    built, traced = model(), []
    step = built.train_step

    def counted(data: Any) -> Any:
        traced.append(data)
        return step(data)

    monkeypatch.setattr(built, "train_step", counted)
    execute_several(built, 4)
    trained(built)
    assert len(traced) == 1


def test_autograph_converts_the_layers_of_a_model() -> None:
    built = tf_keras.Sequential([ByTheBatch(input_shape=(3,)), tf_keras.layers.Dense(1, use_bias=False)])
    built.compile("sgd", "mse")
    execute_several(built, 2)
    start = built.get_weights()[0]
    built.fit(-np.abs(X), Y, BATCH, verbose=0)  # a layer that gives zeros lets no weight learn
    assert np.array_equal(built.get_weights()[0], start)
    built.fit(np.abs(X), Y, BATCH, verbose=0)
    assert not np.array_equal(built.get_weights()[0], start)


def test_a_model_with_a_step_of_its_own_keeps_keras_s_loop() -> None:
    built = model(OwnStep)
    execute_several(built, 4)
    assert built.train_function is None
    assert trained(built)["own"] == [7.0] * 3
