"""Mixed precision: half precision where the device supports it, float32 inputs and outputs always."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import tensorflow as tf
import tf_keras

from kit.training.config import Precision

FLOAT32 = "float32"
# NVIDIA compute capability from which matrix units take the type:
# https://docs.nvidia.com/deeplearning/performance/mixed-precision-training/index.html
_BFLOAT16_FROM, _FLOAT16_FROM = (8, 0), (7, 0)


def choose(precision: Precision) -> tuple[str, str]:
    """Return the Keras policy that a setting means on this machine, and a sentence that says why.

    `auto` takes bfloat16 before float16, which needs its loss scaled, and float32 on CPUs: those with instructions for
    bfloat16 only gain with large matrices, and `effects` measures how much.
    """
    if precision != "auto":
        return precision, ""
    if tf.config.list_physical_devices("TPU"):
        return "mixed_bfloat16", "The TPU computes in bfloat16."
    gpus = tf.config.list_physical_devices("GPU")
    capable = [
        tf.config.experimental.get_device_details(gpu).get("compute_capability", (0, 0)) for gpu in gpus
    ]
    if capable and min(capable) >= _BFLOAT16_FROM:
        return "mixed_bfloat16", "The GPU computes in bfloat16."
    if capable and min(capable) >= _FLOAT16_FROM:
        return "mixed_float16", "The GPU computes in float16, with a scaled loss."
    return FLOAT32, f"No device here is made for half precision ({'GPU' if gpus else 'CPU'} only): float32."


@contextmanager
def policy(name: str) -> Iterator[None]:
    """Build models with a Keras policy inside the block."""
    before = tf_keras.mixed_precision.global_policy()
    tf_keras.mixed_precision.set_global_policy(name)
    try:
        yield
    finally:
        tf_keras.mixed_precision.set_global_policy(before)


def keep_outputs_whole(model: tf_keras.Model) -> None:
    """Make the layers of the model's outputs compute in float32.

    A sigmoid in bfloat16 has three digits, and a loss of such probabilities is coarse:
    https://www.tensorflow.org/guide/mixed_precision#building_the_model asks each model to do this; here none has to.
    """
    for output in model.outputs:
        layer = output.node.layer
        if layer.compute_dtype != FLOAT32:
            layer._set_dtype_policy(FLOAT32)  # noqa: SLF001  there is no public way for a layer that is built


def copy_into(plain: tf_keras.Model, trained: tf_keras.Model) -> tf_keras.Model:
    """Return a model that was built in float32 with the weights of one that was trained in another precision."""
    plain.set_weights([np.asarray(weight) for weight in trained.get_weights()])
    return plain
