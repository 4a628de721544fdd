"""Adam of one operation a variable steps as Keras's own does, and goes on where the other stopped."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from kit.training.adam import fuse_adam

X = np.random.default_rng(0).integers(0, 9, (64, 3))
Y = (X.sum(axis=1, keepdims=True) > 12).astype("float32")


def model(optimizer: Any) -> tf_keras.Model:
    tf_keras.utils.set_random_seed(5)
    codes = tf_keras.Input((3,), dtype="int64")
    flat = tf_keras.layers.Flatten()(tf_keras.layers.Embedding(9, 2)(codes))
    built = tf_keras.Model(codes, tf_keras.layers.Dense(1, "sigmoid")(flat))
    built.compile(optimizer, "binary_crossentropy")
    return built


def trained(built: tf_keras.Model, epochs: int = 2) -> list[np.ndarray]:
    """Return the weights and the optimizer's variables; the gradient of the embedding has some rows only."""
    built.fit(X, Y, 16, epochs=epochs, shuffle=False, verbose=0)
    optimizer = getattr(built.optimizer, "inner_optimizer", built.optimizer)
    return [value.numpy() for value in [*built.variables, *optimizer.variables]]


def operations(built: tf_keras.Model) -> set[str]:
    """Return the types of the operations of the compiled step."""
    batches = iter(tf.data.Dataset.from_tensors((X, Y)))
    definition = built.make_train_function().get_concrete_function(batches).graph.as_graph_def()
    graphs = [definition.node, *(function.node_def for function in definition.library.function)]
    return {node.op for nodes in graphs for node in nodes}


def is_fused(optimizer: Any) -> bool:
    return "update_step" in vars(optimizer)


FALLING = tf_keras.optimizers.schedules.ExponentialDecay(0.1, 4, 0.5)


@pytest.mark.parametrize(
    "options",
    [
        {"learning_rate": 0.1},
        {"learning_rate": FALLING, "beta_1": 0.8, "epsilon": 1e-3, "global_clipnorm": 0.5},
    ],
    ids=["plain", "with a schedule"],
)
def test_the_weights_and_moments_are_keras_s_own(options: dict[str, Any]) -> None:
    composed, fused = (model(tf_keras.optimizers.Adam(**options)) for _ in range(2))
    fuse_adam(fused)
    for mine, theirs in zip(trained(fused), trained(composed), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-6)
    assert "ResourceApplyAdam" in operations(fused)


def test_it_steps_below_an_optimizer_that_scales_the_loss() -> None:
    scaled, plain = (
        model(optimizer)
        for optimizer in (
            tf_keras.mixed_precision.LossScaleOptimizer(tf_keras.optimizers.Adam(0.1)),
            tf_keras.optimizers.Adam(0.1),
        )
    )
    fuse_adam(scaled)
    for mine, theirs in zip(trained(scaled), trained(plain), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-6)
    assert is_fused(scaled.optimizer.inner_optimizer)


class OwnAdam(tf_keras.optimizers.Adam):
    """Steps as it likes."""


@pytest.mark.parametrize(
    "optimizer",
    [
        tf_keras.optimizers.Adam(amsgrad=True),
        tf_keras.optimizers.Adam(adaptive_epsilon=True),
        OwnAdam(),
        tf_keras.optimizers.SGD(),
    ],
    ids=["amsgrad", "adaptive epsilon", "subclass", "another"],
)
def test_what_is_not_plain_adam_stays_as_it_is(optimizer: Any) -> None:
    fuse_adam(model(optimizer))
    assert not is_fused(optimizer)
