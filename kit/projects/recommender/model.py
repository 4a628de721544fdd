"""Click probability from embeddings, crosses and attention over the user's last items.

The candidate attends over the last items (as in Zhou et al. 2018, Deep Interest Network, arXiv:1706.06978), and all
features are crossed by a DCN-v2 (Wang et al. 2021, arXiv:2008.13535).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import tensorflow as tf
import tensorflow_transform as tft
import tf_keras

from kit.projects.recommender import features
from kit.projects.recommender.explain import ITEM_CATEGORY, attention, embedding_metadata, embeddings
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

CATEGORY_SIZE = 16  # numbers an embedding
ITEM_SIZE = 2  # an item has some sixty rows and a user a dozen: wide embeddings would learn them by heart
USER_SIZE = 1
ID_L2 = 3e-3
CROSSES = 2
UNITS = 48  # of the first dense layer; the second has half as many
DROPOUT = 0.3


def build_model(transform_output: tft.TFTransformOutput, training: Training) -> tf_keras.Model:
    """Return a compiled model of transformed features [batch] that gives the click probability [batch, 1]."""
    inputs = {name: tf_keras.Input((), name=name, dtype="int64") for name in _CODES}
    inputs["last_items_xf"] = tf_keras.Input((features.HISTORY,), name="last_items_xf", dtype="int64")
    inputs |= {name: tf_keras.Input((), name=name) for name in _NUMBERS}
    size = {
        key: transform_output.vocabulary_size_by_name(key) + features.OOV_BUCKETS
        for key in features.VOCABULARIES
    }
    item_size = int(training.model.get("item_size", ITEM_SIZE))
    item = _embedding("item", size["item_id"], item_size, l2=ID_L2)
    # Orthogonal, so that items of one category fit each other, and no others, from the first step.
    category = tf_keras.layers.Embedding(
        size["category"],
        CATEGORY_SIZE,
        embeddings_initializer=tf_keras.initializers.Orthogonal(),
        name="embed_category",
    )
    category_of = ItemCategory(size["item_id"], size["category"] - 1, name=ITEM_CATEGORY)
    join = tf_keras.layers.Concatenate()
    query = join([category(inputs["category_xf"]), item(inputs["item_id_xf"])])
    last = inputs["last_items_xf"]
    history = join([category(category_of(last)), item(last)])
    taste = Attention(name="attention")([query, history, inputs["last_count_xf"]])
    parts = [
        query,
        taste,
        _embedding("user", size["user_id"], USER_SIZE, l2=ID_L2)(inputs["user_id_xf"]),
        _embedding("region", size["region"], 2)(inputs["region_xf"]),
        _embedding("device", size["device"], 2)(inputs["device_xf"]),
        _embedding("age", features.AGE_BUCKETS, 3)(inputs["age_xf"]),
        _embedding("position", features.POSITIONS, 3)(inputs["position_xf"]),
        _embedding("hour", features.HOURS, 3)(inputs["hour_xf"]),
        *(tf_keras.layers.Reshape((1,))(inputs[name]) for name in _NUMBERS),
    ]
    start = crossed = tf_keras.layers.Concatenate()(parts)
    for number in range(CROSSES):
        crossed = Cross(name=f"cross_{number}")([start, crossed])
    dropout, widest = float(training.model.get("dropout", DROPOUT)), int(training.model.get("units", UNITS))
    for units in (widest, widest // 2):
        crossed = tf_keras.layers.Dropout(dropout)(tf_keras.layers.Dense(units, activation="relu")(crossed))
    score = tf_keras.layers.Dense(1, activation="sigmoid", name="score")(crossed)
    model = tf_keras.Model(list(inputs.values()), score)
    model.compile(
        optimizer=tf_keras.optimizers.Adam(training.learning_rate),
        loss="binary_crossentropy",
        metrics=[tf_keras.metrics.AUC(name="auc")],
    )
    return model


def search_space(hp: keras_tuner.HyperParameters) -> None:
    """Say what Tuner may change: settings of training, and what `build_model` reads from `training.model`."""
    hp.Float("learning_rate", 1e-3, 1e-2, sampling="log", default=3e-3)
    hp.Float("dropout", 0.0, 0.5, step=0.1, default=DROPOUT)
    hp.Choice("units", [24, 48, 96], default=UNITS)
    hp.Int("item_size", 1, 4, default=ITEM_SIZE)


def adapt(model: tf_keras.Model, train: tf.data.Dataset) -> None:
    """Tell the model what the training rows say of each item: its category."""
    table = model.get_layer(ITEM_CATEGORY).table
    known = table.numpy()
    for features_, _ in train.batch(4096):
        known[features_["item_id_xf"].numpy()] = features_["category_xf"].numpy()
    table.assign(known)


_CODES = (
    "user_id_xf", "item_id_xf", "category_xf", "region_xf", "device_xf", "age_xf", "position_xf", "hour_xf",
    "last_count_xf",
)  # fmt: skip
_NUMBERS = ("days_xf", "price_xf")


def _embedding(name: str, size: int, width: int, l2: float = 0.0) -> tf_keras.layers.Embedding:
    regularizer = tf_keras.regularizers.L2(l2)
    return tf_keras.layers.Embedding(size, width, name=f"embed_{name}", embeddings_regularizer=regularizer)


class Cross(tf_keras.layers.Layer):
    """One DCN-v2 layer: start * (W x + b) + x, all [batch, width]."""

    def build(self, shapes: list[tf.TensorShape]) -> None:
        self._dense = tf_keras.layers.Dense(int(shapes[0][-1]))

    def call(self, pair: list[tf.Tensor]) -> tf.Tensor:
        start, x = pair
        return start * self._dense(x) + x


class ItemCategory(tf_keras.layers.Layer):
    """Looks up the category of items by their codes; `adapt` fills the table, [items]."""

    def __init__(self, items: int, unknown: int, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.table = self.add_weight(
            "table", (items,), "int64", tf_keras.initializers.Constant(unknown), trainable=False
        )

    def call(self, items: tf.Tensor) -> tf.Tensor:
        return tf.gather(self.table, items)


class Attention(tf_keras.layers.Layer):
    """What the last items say of the candidate.

    Takes the candidate [batch, width], the last items [batch, HISTORY, width] and how many of them are real [batch];
    returns the attended item, how well the best and how many of the last items fit the candidate, [batch, width + 2].
    """

    def build(self, shapes: list[tf.TensorShape]) -> None:
        # Starts as the plain inner product.
        self._project = tf_keras.layers.Dense(int(shapes[0][-1]), kernel_initializer="identity")

    def attend(self, inputs: list[tf.Tensor]) -> tf.Tensor:
        """Return the weight of each of the last items, [batch, HISTORY]; those that are real sum to 1."""
        return self._weigh(inputs)[2]

    def _weigh(self, inputs: list[tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        candidate, history, count = inputs
        fit = tf.einsum("bd,bhd->bh", self._project(candidate), history)
        real = tf.sequence_mask(count, features.HISTORY, dtype=fit.dtype)
        return fit, real, tf.nn.softmax(fit - 1e9 * (1.0 - real), axis=1) * real

    def call(self, inputs: list[tf.Tensor]) -> tf.Tensor:
        _, history, _ = inputs
        fit, real, weight = self._weigh(inputs)
        attended = tf.einsum("bh,bhd->bd", weight, history)
        # The softmax alone would forget how many items agree.
        agreeing = tf.reduce_sum(tf.nn.tanh(fit) * real, axis=1, keepdims=True)
        best = tf.reduce_sum(weight * fit, axis=1, keepdims=True)
        return tf.concat([attended, agreeing, best], axis=1)
