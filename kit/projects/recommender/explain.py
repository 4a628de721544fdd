"""What TensorBoard shows of the model: names and categories of items, and its attention."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft
import tf_keras

from kit.projects.recommender import features
from kit.training.attention import Attended

ITEM_CATEGORY, ATTENTION = "item_category", "attention"  # names of layers
ITEM_PARTS = ("embed_category", "embed_item")
UNKNOWN = "(unknown)"


def embedding_metadata(
    model: tf_keras.Model, transform_output: tft.TFTransformOutput
) -> Mapping[str, Mapping[str, Sequence[str]]]:
    """Return what is known of the words of a vocabulary besides their names: of each item its category."""
    return {"item_id": {"category": _categories(model, transform_output)}}


def embeddings(
    model: tf_keras.Model, transform_output: tft.TFTransformOutput
) -> Mapping[str, tuple[str, np.ndarray]]:
    """Return items as the attention compares them: category and item side by side."""
    del transform_output
    category, item = (np.asarray(model.get_layer(name).get_weights()[0]) for name in ITEM_PARTS)
    codes = model.get_layer(ITEM_CATEGORY).table.numpy()
    return {"item_as_attended": ("item_id", np.concatenate([category[codes], item], axis=1))}


def attention(model: tf_keras.Model, transform_output: tft.TFTransformOutput) -> Attended:
    """Return how the model's candidate attends over the user's last items."""
    layer = model.get_layer(ATTENTION)
    into_attention = tf_keras.Model(model.inputs, layer.input)

    def weights(rows: Mapping[str, tf.Tensor]) -> tf.Tensor:
        return layer.attend(into_attention({name: rows[name] for name in model.input_names}))

    return Attended(
        weights=weights,
        candidate="item_id_xf",
        past="last_items_xf",
        count="last_count_xf",
        names=_words(transform_output, "item_id"),
        groups=_categories(model, transform_output),
        about={key: (f"{key}_xf", _words(transform_output, key)) for key in ("user_id", "device", "region")},
    )


def _categories(model: tf_keras.Model, transform_output: tft.TFTransformOutput) -> list[str]:
    names = np.array(_words(transform_output, "category"))
    codes = model.get_layer(ITEM_CATEGORY).table.numpy()
    return [str(name) for name in names[codes]]


def _words(transform_output: tft.TFTransformOutput, key: str) -> list[str]:
    known = [word.decode() for word in transform_output.vocabulary_by_name(key)]
    return [*known, *[UNKNOWN] * features.OOV_BUCKETS]
