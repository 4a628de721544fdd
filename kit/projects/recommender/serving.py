"""The signature that a shop calls: a user, up to 100 candidates, and the time; everything else is looked up inside.

Users and items are known as they were last seen in training. An unknown user has no last items, signed up today, and
has the average of the rest; an unknown item has the code of all unknown items and an average price: both still get a
score.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf
import tensorflow_transform as tft

from kit.projects.recommender import features
from kit.training.signature_names import SCORE
from kit.training.signatures import ServingModule

CANDIDATES = 100
# Candidates are compared as if each were shown first: the place is the shop's choice, not the user's taste.
FIRST_POSITION = 1
_USER_KEYS = ("region_xf", "device_xf", "age_xf", "days_xf", "last_items_xf", "last_count_xf")
_ITEM_KEYS = ("category_xf", "price_xf")


class Lookup(tf.Module):
    """What training knows of users and items: for each key a table [vocabulary + 1, …], the last row for unknowns."""

    def __init__(self, transform_output: tft.TFTransformOutput, train: tf.data.Dataset) -> None:
        super().__init__()
        self.user_codes = _codes(transform_output, "user_id")
        self.item_codes = _codes(transform_output, "item_id")
        spec = transform_output.transformed_feature_spec()
        items = int(self.item_codes.size())
        unknown = {
            "region_xf": transform_output.vocabulary_size_by_name("region"),
            "device_xf": transform_output.vocabulary_size_by_name("device"),
            "category_xf": transform_output.vocabulary_size_by_name("category"),
            "age_xf": features.AGE_BUCKETS // 2,
            "last_items_xf": items - 1,
        }
        self.users = {
            key: _table(spec[key], int(self.user_codes.size()), unknown.get(key, 0)) for key in _USER_KEYS
        }
        self.items = {key: _table(spec[key], items, unknown.get(key, 0)) for key in _ITEM_KEYS}
        self._fill(train)

    def _fill(self, train: tf.data.Dataset) -> None:
        """Remember each user and item as in the latest training row; rows come in the order of time."""
        known = (("user_id_xf", self.users), ("item_id_xf", self.items))
        values = [{key: table.numpy() for key, table in tables.items()} for _, tables in known]
        for rows, _ in train:
            for (code, _), of_code in zip(known, values, strict=True):
                for key, value in of_code.items():
                    value[rows[code].numpy()] = rows[key].numpy()
        for (_, tables), of_code in zip(known, values, strict=True):
            for key, table in tables.items():
                table.assign(of_code[key])


def serving_signature(
    module: ServingModule, transform_output: tft.TFTransformOutput, train: tf.data.Dataset
) -> Any:
    """Return `serving_default`: user_id [batch], item_ids [batch, 100], timestamp [batch] float32 in seconds.

    The answer is `score` [batch, 100], the click probability of each candidate; the scores of places that are
    padded with '' are those of an unknown item.
    """
    module.lookup = lookup = Lookup(transform_output, train)

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string, name="user_id"),
            tf.TensorSpec([None, CANDIDATES], tf.string, name="item_ids"),
            tf.TensorSpec([None], tf.float32, name="timestamp"),
        ],
        autograph=False,
    )
    def serving_default(
        user_id: tf.Tensor, item_ids: tf.Tensor, timestamp: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        user, item = lookup.user_codes.lookup(user_id), tf.reshape(lookup.item_codes.lookup(item_ids), [-1])
        seconds = tf.cast(timestamp, tf.int64)
        wide = {"user_id_xf": user, "hour_xf": seconds % features.SECONDS_A_DAY // features.SECONDS_AN_HOUR}
        wide |= {key: tf.gather(table, user) for key, table in lookup.users.items()}
        rows = {key: tf.repeat(value, CANDIDATES, axis=0) for key, value in wide.items()}
        rows |= {key: tf.gather(table, item) for key, table in lookup.items.items()}
        rows |= {
            "item_id_xf": item,
            "position_xf": tf.fill(tf.shape(item), tf.constant(FIRST_POSITION, tf.int64)),
        }
        return {SCORE: tf.reshape(module.predict(rows)[SCORE], [-1, CANDIDATES])}

    return serving_default


def _codes(transform_output: tft.TFTransformOutput, name: str) -> tf.lookup.StaticVocabularyTable:
    initializer = tf.lookup.TextFileInitializer(
        transform_output.vocabulary_file_by_name(name),
        tf.string,
        tf.lookup.TextFileIndex.WHOLE_LINE,
        tf.int64,
        tf.lookup.TextFileIndex.LINE_NUMBER,
    )
    return tf.lookup.StaticVocabularyTable(initializer, features.OOV_BUCKETS)


def _table(feature: Any, rows: int, unknown: float) -> tf.Variable:
    return tf.Variable(tf.fill([rows, *feature.shape], tf.cast(unknown, feature.dtype)), trainable=False)
