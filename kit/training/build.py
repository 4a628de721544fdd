"""Build and compile a project's model as its `build_model` says, then apply the training settings."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow_transform as tft
import tf_keras

from kit.project import Project
from kit.training import precision
from kit.training.adam import fuse_adam
from kit.training.config import Training
from kit.training.execution import execute_several
from kit.training.schedules import schedule_rate


def build(
    model_module: Any, transform_output: tft.TFTransformOutput, training: Training, steps: int
) -> tf_keras.Model:
    """Return the model, compiled, with the precision, the schedule and the compiled loop of the settings.

    Args:
        model_module: the project's model.py.
        transform_output: Transform's output, with its graph.
        training: the settings; `precision` is a Keras policy, not `auto`.
        steps: the steps of all epochs.
    """
    with precision.policy(training.precision):
        model = model_module.build_model(transform_output, training)
        if training.precision != "float32":
            precision.keep_outputs_whole(model)
    schedule_rate(model, training, steps)
    fuse_adam(model)
    if training.jit_compile:
        model.jit_compile = True
    if training.steps_per_execution > 1:
        execute_several(model, training.steps_per_execution)
    return model


@contextmanager
def own_generators() -> Iterator[None]:
    """Give each random layer that is built inside the block a generator that `reseed` can set.

    Otherwise Dropout draws from a stream that no checkpoint holds.
    """
    backend = tf_keras.backend.experimental
    before = backend.is_tf_random_generator_enabled()
    backend.enable_tf_random_generator()
    try:
        yield
    finally:
        if not before:
            backend.disable_tf_random_generator()


def reseed(model: tf_keras.Model, seed: int, epoch: int) -> None:
    """Make the random layers draw by the seed and the epoch alone, whatever was drawn before."""
    layers = (getattr(layer, "_random_generator", None) for layer in model.submodules)
    own = (getattr(layer, "_generator", None) for layer in layers)
    for place, generator in enumerate(one for one in own if one is not None):
        digest = hashlib.sha256(f"{seed} {epoch} {place}".encode()).digest()
        generator.reset_from_seed(int.from_bytes(digest[:7], "big"))


def model_module_of(project: Project) -> Any:
    """Import the project's model.py."""
    return project.module("model")
