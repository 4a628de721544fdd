"""What the model sees of an impression; the same code runs in training and inside the served model."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
import tensorflow_transform as tft

from kit.features.columns import fill_missing, first_tokens

HISTORY = 10  # items
POSITIONS = 11  # 1 to 10; 0 is an unknown place
HOURS = 24
AGE_BUCKETS = 16
DAYS = (7, 14, 30, 60, 90, 180, 365, 730)  # since signup: a week, a month, a quarter, a year
DAYS_BUCKETS = len(DAYS) + 1
OOV_BUCKETS = 1  # ids and words never seen in training share one code
SECONDS_A_DAY, SECONDS_AN_HOUR = 86_400, 3_600
VOCABULARIES = ("user_id", "item_id", "category", "region", "device")


def preprocessing_fn(inputs: dict[str, Any]) -> dict[str, tf.Tensor]:
    """Transform raw impressions; outputs have the shape [batch], `last_items_xf` [batch, HISTORY]."""
    words = {key: fill_missing(inputs[key], "") for key in VOCABULARIES}
    outputs = {f"{key}_xf": encode(key, words[key]) for key in VOCABULARIES}
    # Padding gets the code of unknown items; `last_count_xf` tells how many of the last items are real.
    last_items = first_tokens(inputs["last_items"], HISTORY)
    outputs["last_items_xf"] = tft.apply_vocabulary(
        last_items,
        tft.vocabulary(words["item_id"], vocab_filename="item_id_again"),
        num_oov_buckets=OOV_BUCKETS,
    )
    # In a TF1 graph `!=` would compare the tensor itself, which is never the text.
    outputs["last_count_xf"] = tf.reduce_sum(tf.cast(tf.not_equal(last_items, ""), tf.int64), axis=1)
    outputs["age_xf"] = tft.bucketize(fill_missing(inputs["age"], 0), AGE_BUCKETS)
    days = tf.cast(fill_missing(inputs["days_since_signup"], 0), tf.float32)
    outputs["days_xf"] = tft.apply_buckets(days, tf.constant([DAYS], tf.float32))
    price = fill_missing(inputs["price"], 0.0)
    outputs["price_xf"] = tft.scale_to_z_score_per_key(price, words["category"])
    outputs["position_xf"] = tf.clip_by_value(fill_missing(inputs["position"], 0), 0, POSITIONS - 1)
    timestamp = fill_missing(inputs["timestamp"], 0)
    outputs["hour_xf"] = timestamp % SECONDS_A_DAY // SECONDS_AN_HOUR
    outputs["timestamp_xf"] = timestamp
    outputs["clicked_xf"] = fill_missing(inputs["clicked"], 0)
    return outputs


def encode(key: str, words: tf.Tensor) -> tf.Tensor:
    """Return the index of each word in the vocabulary of the training data, most frequent first."""
    return tft.compute_and_apply_vocabulary(words, num_oov_buckets=OOV_BUCKETS, vocab_filename=key)
