"""Histograms of a model's weights, for TensorBoard's HISTOGRAMS and DISTRIBUTIONS.

Keras's own callback makes each by a dozen operations of TensorFlow: a tenth of a second per epoch for a small model.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf
import tf_keras
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.histogram.summary_v2 import histogram_pb

MOST_NUMBERS = 100_000  # values of a weight; larger ones are sampled evenly


def write_histograms(model: tf_keras.Model, step: int) -> None:
    """Write one of each trainable weight with the current summary writer.

    Args:
        model: a plain one, whose weights are in this process.
        step: the epoch.
    """
    written = Summary()
    for layer in model.layers:
        for weight in layer.trainable_weights:
            # A layer within a layer does not name the outer one.
            name = weight.name.removeprefix(f"{layer.name}/").removesuffix(":0")
            numbers = np.ravel(weight.numpy())
            numbers = numbers[:: -(-len(numbers) // MOST_NUMBERS) or 1]
            written.MergeFrom(histogram_pb(f"{layer.name}/{name}", numbers))
    tf.summary.experimental.write_raw_pb(written.SerializeToString(), step)
