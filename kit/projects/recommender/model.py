"""Click probability from latent segments of users, effects of single causes, and attention over the last items.

A user belongs to one of several latent segments: the last items and earlier clicks tell how likely each of them is, and
each has its own taste in categories (a mixture of experts, Jacobs et al. 1991, doi:10.1162/neco.1991.3.1.79). To the
click logit in each segment are added

- a wide part: weights for an item, a position on a device, a category in a part of the day, and so on;
- a deep part for what these cannot express, in which the candidate attends over the last items (Zhou et al. 2018, Deep
  Interest Network, arXiv:1706.06978). Wide and deep as in Cheng et al. 2016, arXiv:1606.07792.

Every weight of the wide part has a prior, so that rare users and items stay near the overall average.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import tensorflow as tf
import tensorflow_transform as tft
import tf_keras

from kit.projects.recommender import features
from kit.projects.recommender.explain import (
    ATTENTION,
    ITEM_CATEGORY,
    ITEM_PARTS,
    attention,
    embedding_metadata,
    embeddings,
)
from kit.projects.recommender.layers import Attention, Cross, ItemLookup, Mixture, Prior, Segments
from kit.projects.recommender.serving import serving_signature
from kit.training.config import Training

if TYPE_CHECKING:
    import keras_tuner

__all__ = [
    "adapt",
    "attention",
    "build_model",
    "embedding_metadata",
    "embeddings",
    "search_space",
    "serving_signature",
]

SEGMENTS = 32  # more than there are: the surplus ones share the work, and fewer find worse ones
USER_DEVIATION = 1.2  # of the evidence that earlier clicks of a user are, in logits
CATEGORY_SIZE = 16  # numbers an embedding
ITEM_SIZE = 2
UNITS = 32  # of the deep part's first dense layer; the second has half as many
DROPOUT = 0.3
DEEP_DEVIATION = 0.1
CLICK_RATE = 0.1  # to start from
HOURS_A_PART = 6  # of the day: night, morning, afternoon, evening
PARTS = features.HOURS // HOURS_A_PART


def build_model(transform_output: tft.TFTransformOutput, training: Training) -> tf_keras.Model:
    """Return a compiled model of transformed features [batch] that gives the click probability [batch, 1]."""
    inputs = {name: tf_keras.Input((), name=name, dtype="int64") for name in _CODES}
    inputs["last_items_xf"] = tf_keras.Input((features.HISTORY,), name="last_items_xf", dtype="int64")
    inputs["price_xf"] = tf_keras.Input((), name="price_xf")
    size = {
        key: transform_output.vocabulary_size_by_name(key) + features.OOV_BUCKETS
        for key in features.VOCABULARIES
    }
    lookup = ItemLookup(size["item_id"], size["category"] - 1, name=ITEM_CATEGORY)
    last_categories = lookup(inputs["last_items_xf"])
    weights = Weights(lookup)
    segments = int(training.model.get("segments", SEGMENTS))
    likely = Segments(name="segments")(
        [
            weights("evidence", size["category"], segments, 1.0, start=0.5)(last_categories),
            inputs["last_count_xf"],
            weights("user", size["user_id"], segments, USER_DEVIATION, start=0.01)(inputs["user_id_xf"]),
        ]
    )
    taste = weights("taste", size["category"], segments, 1.0, start=0.3)(inputs["category_xf"])
    added = [*_wide(inputs, size, weights), _deep(inputs, size, weights, last_categories, training)]
    score = Mixture(CLICK_RATE, name="score")([likely, taste, *added])
    model = tf_keras.Model(list(inputs.values()), score)
    model.compile(
        optimizer=tf_keras.optimizers.Adam(training.learning_rate),
        loss="binary_crossentropy",
        metrics=[tf_keras.metrics.AUC(name="auc")],
    )
    return model


def search_space(hp: keras_tuner.HyperParameters) -> None:
    """Say what Tuner may change: settings of training, and what `build_model` reads from `training.model`."""
    hp.Float("learning_rate", 3e-3, 5e-2, sampling="log", default=2e-2)
    hp.Choice("segments", [8, 16, 32, 64], default=SEGMENTS)
    hp.Float("dropout", 0.0, 0.5, step=0.1, default=DROPOUT)
    hp.Choice("units", [16, 32, 64], default=UNITS)
    hp.Int("item_size", 1, 4, default=ITEM_SIZE)


def adapt(model: tf_keras.Model, train: tf.data.Dataset) -> None:
    """Tell the model what the training rows say: the category of each item, and how many rows they are.

    Args:
        model: the model of `build_model`.
        train: all training rows once, some at a time, as features and label.
    """
    lookup = model.get_layer(ITEM_CATEGORY)
    categories, rows = lookup.table.numpy(), 0
    for features_, _ in train:
        categories[features_["item_id_xf"].numpy()] = features_["category_xf"].numpy()
        rows += len(features_["item_id_xf"])
    lookup.table.assign(categories)
    lookup.rows.assign(rows)


_CODES = (
    "user_id_xf", "item_id_xf", "category_xf", "region_xf", "device_xf", "age_xf", "days_xf", "position_xf", "hour_xf",
    "last_count_xf",
)  # fmt: skip


class Weights:
    """Makes embeddings whose weights have a prior.

    Args:
        lookup: has the number of training rows.
    """

    def __init__(self, lookup: ItemLookup) -> None:
        self._lookup = lookup

    def prior(self, deviation: float) -> Prior:
        """Return the prior of weights that are expected to be as large as `deviation`."""
        return Prior(deviation, self._lookup)

    def __call__(
        self, name: str, size: int, width: int, deviation: float, start: float = 0.0
    ) -> tf_keras.layers.Embedding:
        """Return an embedding of codes below `size`.

        Args:
            name: the name of the layer, after `embed_`.
            size: how many codes there are.
            width: numbers a code.
            deviation: the standard deviation of the prior, in logits.
            start: standard deviation of the weights before training.
        """
        return tf_keras.layers.Embedding(
            size,
            width,
            embeddings_initializer=tf_keras.initializers.RandomNormal(stddev=start) if start else "zeros",
            embeddings_regularizer=self.prior(deviation),
            name=f"embed_{name}",
        )


def _wide(inputs: Mapping[str, tf.Tensor], size: Mapping[str, int], weights: Weights) -> list[tf.Tensor]:
    """Return what single causes and pairs of them add to the logit, each [batch, 1]."""
    item, category, device = (inputs[name] for name in ("item_id_xf", "category_xf", "device_xf"))
    position, hour, age = (inputs[name] for name in ("position_xf", "hour_xf", "age_xf"))
    place = Cross(features.POSITIONS)([device, position])
    part = Cross(PARTS)([category, hour // HOURS_A_PART])
    price = tf_keras.layers.Reshape((1,))(inputs["price_xf"])
    return [
        weights("item_effect", size["item_id"], 1, 0.3)(item),
        weights("category_effect", size["category"], 1, 1.0)(category),
        weights("region_effect", size["region"], 1, 0.1)(inputs["region_xf"]),
        weights("device_effect", size["device"], 1, 1.0)(device),
        weights("position_effect", features.POSITIONS, 1, 1.0)(position),
        weights("place_effect", size["device"] * features.POSITIONS, 1, 0.3)(place),
        weights("part_of_day_effect", size["category"] * PARTS, 1, 0.3)(part),
        weights("hour_effect", features.HOURS, 1, 0.1)(hour),
        weights("days_effect", features.DAYS_BUCKETS, 1, 0.5)(inputs["days_xf"]),
        weights("age_effect", features.AGE_BUCKETS, 1, 0.1)(age),
        price * weights("price_to_age", features.AGE_BUCKETS, 1, 0.3)(age),
        price * weights("price_in_category", size["category"], 1, 0.3)(category),
    ]


def _deep(
    inputs: Mapping[str, tf.Tensor],
    size: Mapping[str, int],
    weights: Weights,
    last_categories: tf.Tensor,
    training: Training,
) -> tf.Tensor:
    """Return what all causes together add to the logit, [batch, 1]."""
    # Orthogonal, so that items of one category fit each other, and no others, from the first step.
    category = tf_keras.layers.Embedding(
        size["category"],
        CATEGORY_SIZE,
        embeddings_initializer=tf_keras.initializers.Orthogonal(),
        name=ITEM_PARTS[0],
    )
    item = weights("item", size["item_id"], int(training.model.get("item_size", ITEM_SIZE)), 0.3, start=0.05)
    join = tf_keras.layers.Concatenate()
    query = join([category(inputs["category_xf"]), item(inputs["item_id_xf"])])
    history = join([category(last_categories), item(inputs["last_items_xf"])])
    attended = Attention(name=ATTENTION)([query, history, inputs["last_count_xf"]])
    small = {
        "device": size["device"],
        "age": features.AGE_BUCKETS,
        "position": features.POSITIONS,
        "hour": features.HOURS,
    }
    price = tf_keras.layers.Reshape((1,))(inputs["price_xf"])
    others = [weights(name, codes, 2, 0.5, start=0.05)(inputs[f"{name}_xf"]) for name, codes in small.items()]
    hidden = tf_keras.layers.Concatenate()([query, attended, price, *others])
    dropout, widest = float(training.model.get("dropout", DROPOUT)), int(training.model.get("units", UNITS))
    for units in (widest, widest // 2):
        dense = tf_keras.layers.Dense(
            units, activation="relu", kernel_regularizer=weights.prior(DEEP_DEVIATION)
        )
        hidden = tf_keras.layers.Dropout(dropout)(dense(hidden))
    # Starts with nothing to say, and says what the wide part leaves.
    return tf_keras.layers.Dense(
        1,
        kernel_initializer="zeros",
        use_bias=False,
        kernel_regularizer=weights.prior(DEEP_DEVIATION),
        name="deep",
    )(hidden)
