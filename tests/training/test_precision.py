"""Half precision where it is asked for, and float32 where numbers leave the model."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from kit.training import precision
from kit.training.build import build, own_generators, reseed
from kit.training.config import Precision, Training
from kit.training.precision import choose, copy_into

X = np.linspace(-1, 1, 64, dtype="float32")[:, np.newaxis]


class ModelModule:
    """A project's model.py, which knows nothing of precisions."""

    @staticmethod
    def build_model(_output: Any, training: Training) -> tf_keras.Model:
        given = tf_keras.Input((1,), name="x")
        hidden = tf_keras.layers.Dense(8, activation="relu")(given)
        hidden = tf_keras.layers.Dropout(0.5)(hidden)
        score = tf_keras.layers.Dense(1, activation="sigmoid", name="score")(hidden)
        model = tf_keras.Model(given, score)
        model.compile(tf_keras.optimizers.Adam(training.learning_rate), "binary_crossentropy")
        return model


def made(name: Precision) -> tf_keras.Model:
    return build(ModelModule, None, Training(precision=name, learning_rate=0.05), 100)


@pytest.mark.parametrize(("name", "half"), [("mixed_bfloat16", "bfloat16"), ("mixed_float16", "float16")])
def test_the_inside_is_half_and_the_score_whole(name: Precision, half: str) -> None:
    model = made(name)
    assert [layer.compute_dtype for layer in model.layers] == ["float32", half, half, "float32"]
    assert model(X).dtype == tf.float32
    assert {weight.dtype for weight in model.weights} == {tf.float32}
    assert isinstance(model.optimizer, tf_keras.mixed_precision.LossScaleOptimizer) == (half == "float16")
    losses = model.fit(X, X > 0, epochs=20, verbose=0).history["loss"]
    assert losses[-1] < losses[0] * 0.8
    assert tf_keras.mixed_precision.global_policy().name == "float32", "of this model alone"

    saved = copy_into(made("float32"), model)
    assert {layer.compute_dtype for layer in saved.layers} == {"float32"}
    np.testing.assert_allclose(saved(X), model(X), atol=0.02)


@pytest.mark.parametrize(
    ("devices", "capability", "policy"),
    [
        ([], None, "float32"),
        (["GPU"], (6, 1), "float32"),
        (["GPU"], (7, 5), "mixed_float16"),
        (["GPU"], (8, 0), "mixed_bfloat16"),
        (["TPU"], None, "mixed_bfloat16"),
    ],
)
def test_auto_takes_what_the_device_is_made_for(
    monkeypatch: pytest.MonkeyPatch, devices: list[str], capability: Any, policy: str
) -> None:
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [kind] if kind in devices else [])
    monkeypatch.setattr(
        tf.config.experimental, "get_device_details", lambda _: {"compute_capability": capability}
    )
    chosen, why = choose("auto")
    assert chosen == policy
    assert why.endswith(".")
    assert choose("mixed_float16") == ("mixed_float16", "")


def test_random_layers_draw_what_follows_from_seed_and_epoch() -> None:
    def drawn(*after: tuple[int, int]) -> list[float]:
        for seed, epoch in after:
            reseed(model, seed, epoch)
        return [float(value) for value in np.ravel(model(X, training=True))]

    with own_generators():
        model = made("float32")
    first = drawn((7, 1))
    assert drawn((7, 1)) == first
    assert drawn() != first
    assert drawn((7, 2)) != first
    assert drawn((8, 1)) != first
    assert drawn((8, 1), (7, 1)) == first


def test_outputs_of_a_float32_model_are_left_alone() -> None:
    model = made("float32")
    precision.keep_outputs_whole(model)
    assert not math.isnan(float(model(X)[0, 0]))
    assert {layer.compute_dtype for layer in model.layers} == {"float32"}
