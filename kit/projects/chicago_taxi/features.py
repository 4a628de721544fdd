"""What the model sees of a taxi trip; the same code runs in training and inside the served model."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
import tensorflow_transform as tft

from kit.features.columns import fill_missing

NUMBERS = ("trip_miles", "fare", "trip_seconds")
PLACES = ("pickup_latitude", "pickup_longitude", "dropoff_latitude", "dropoff_longitude")
WORDS = ("payment_type", "company")
# Calendar features are small integers from 0; the value is how many there can be.
CALENDAR = {"trip_start_hour": 24, "trip_start_day": 8, "trip_start_month": 13}
PLACE_BUCKETS = 10
VOCABULARY_SIZE, OOV_BUCKETS = 1000, 10
BIG_TIP = 0.2  # of the fare


def preprocessing_fn(inputs: dict[str, Any]) -> dict[str, tf.Tensor]:
    """Transform raw trips; all outputs have the shape [batch]."""
    outputs = {f"{key}_xf": tft.scale_to_z_score(fill_missing(inputs[key], 0.0)) for key in NUMBERS}
    for key in PLACES:
        outputs[f"{key}_xf"] = tft.bucketize(fill_missing(inputs[key], 0.0), PLACE_BUCKETS)
    for key in WORDS:
        outputs[f"{key}_xf"] = tft.compute_and_apply_vocabulary(
            fill_missing(inputs[key], ""),
            top_k=VOCABULARY_SIZE,
            num_oov_buckets=OOV_BUCKETS,
            vocab_filename=key,
        )
    for key, size in CALENDAR.items():
        outputs[f"{key}_xf"] = tf.clip_by_value(fill_missing(inputs[key], 0), 0, size - 1)
    # A request to the served model carries no tip, so there the label is of no use, and 0.
    fare, tips = fill_missing(inputs["fare"], 0.0), fill_missing(inputs["tips"], 0.0)
    outputs["tips_xf"] = tf.cast(tips > fare * BIG_TIP, tf.int64)
    return outputs
