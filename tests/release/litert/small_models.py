"""A small model of codes and numbers, as projects have them: embeddings, attention over codes, a division of codes."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras

from kit.release.litert.model_part import ModelPart

USERS, ITEMS, PLACES, WIDTH = 3_000, 50, 4, 16


def small(classes: int = 1) -> ModelPart:
    """Return a model with random weights."""
    tf_keras.utils.set_random_seed(3)
    user = tf_keras.Input((), name="user_xf", dtype="int64")
    past = tf_keras.Input((PLACES,), name="past_xf", dtype="int64")
    hour = tf_keras.Input((), name="hour_xf", dtype="int64")
    price = tf_keras.Input((), name="price_xf")
    embed = tf_keras.layers.Embedding
    items = embed(ITEMS, WIDTH, embeddings_initializer="normal")(past)
    who = embed(USERS, WIDTH, embeddings_initializer="normal")(user)
    fit = tf_keras.layers.Softmax()(tf_keras.layers.Dot((2, 1))([items, who]))
    attended = tf_keras.layers.Dot((1, 1))([items, fit])
    part_of_day = embed(4, 2, embeddings_initializer="normal")(hour // 6)
    number = tf_keras.layers.Reshape((1,))(price)
    joined = tf_keras.layers.Concatenate()([who, attended, part_of_day, number])
    hidden = tf_keras.layers.Dense(32, activation="relu")(joined)
    activation = "sigmoid" if classes == 1 else "softmax"
    output = tf_keras.layers.Dense(classes, activation=activation)(hidden)
    return ModelPart(tf_keras.Model([user, past, hour, price], output))


def rows(count: int, seed: int = 1) -> dict[str, np.ndarray[Any, Any]]:
    """Return features for it."""
    draw = np.random.default_rng(seed)
    return {
        "user_xf": draw.integers(0, USERS, count),
        "past_xf": draw.integers(0, ITEMS, (count, PLACES)),
        "hour_xf": draw.integers(0, 24, count),
        "price_xf": draw.normal(size=count).astype(np.float32),
        "unused_xf": np.zeros(count, np.float32),
    }


def of(function: Any, dtype: str = "float32") -> ModelPart:
    """Return a model that is one function of a column x."""
    x = tf_keras.Input((), name="x", dtype=dtype)
    return ModelPart(tf_keras.Model([x], tf_keras.layers.Reshape((1,))(tf.cast(function(x), tf.float32))))
