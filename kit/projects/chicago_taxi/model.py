"""A wide and deep model of big tips: words, places and calendar wide, numbers deep."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tensorflow_transform as tft
import tf_keras

from kit.projects.chicago_taxi import features
from kit.training.config import Training

if TYPE_CHECKING:
    import keras_tuner

UNITS = 64  # of the first dense layer; the second has half as many
DROPOUT = 0.0


def build_model(transform_output: tft.TFTransformOutput, training: Training) -> tf_keras.Model:
    """Return a compiled model of transformed features [batch] that gives the probability of a big tip [batch, 1]."""
    sizes = {
        **{
            key: transform_output.vocabulary_size_by_name(key) + features.OOV_BUCKETS
            for key in features.WORDS
        },
        **dict.fromkeys(features.PLACES, features.PLACE_BUCKETS),
        **features.CALENDAR,
    }
    numbers = [tf_keras.Input((), name=f"{key}_xf") for key in features.NUMBERS]
    codes = {key: tf_keras.Input((), name=f"{key}_xf", dtype="int64") for key in sizes}
    wide = tf_keras.layers.Add()(
        [tf_keras.layers.Embedding(size, 1, name=f"wide_{key}")(codes[key]) for key, size in sizes.items()]
    )
    deep = tf_keras.layers.Concatenate()([tf_keras.layers.Reshape((1,))(number) for number in numbers])
    dropout, widest = float(training.model.get("dropout", DROPOUT)), int(training.model.get("units", UNITS))
    for units in (widest, widest // 2):
        deep = tf_keras.layers.Dropout(dropout)(tf_keras.layers.Dense(units, activation="relu")(deep))
    logit = tf_keras.layers.Add()([wide, tf_keras.layers.Dense(1)(deep)])
    model = tf_keras.Model(
        [*numbers, *codes.values()], tf_keras.layers.Activation("sigmoid", name="score")(logit)
    )
    model.compile(
        optimizer=tf_keras.optimizers.Adam(training.learning_rate),
        loss="binary_crossentropy",
        metrics=[tf_keras.metrics.AUC(name="auc")],
    )
    return model


def search_space(hp: keras_tuner.HyperParameters) -> None:
    """Say what Tuner may change: settings of training, and what `build_model` reads from `training.model`."""
    hp.Float("learning_rate", 1e-4, 1e-2, sampling="log")
    hp.Float("dropout", 0.0, 0.5, step=0.1, default=DROPOUT)
    hp.Choice("units", [16, 32, 64, 128], default=UNITS)
