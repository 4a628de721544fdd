"""The features that a served model computes, by the Keras layer that it holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft


def transformed_rows(graph: Path, records: list[bytes]) -> dict[str, np.ndarray]:
    """Transform serialized raw examples; for each feature an array [rows, …]."""
    output = tft.TFTransformOutput(str(graph))
    raw = tf.io.parse_example(records, output.raw_feature_spec())
    return {name: value.numpy() for name, value in output.transform_features_layer()(raw).items()}
