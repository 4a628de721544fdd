"""Save a trained model as a SavedModel with its project's signatures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf
import tensorflow_transform as tft
import tf_keras
from tf_keras.src.saving.legacy.saved_model.utils import keras_option_scope  # not public, and pinned

from kit.project import Project
from kit.training import signatures
from kit.training.signature_names import EXAMPLES, TRANSFORM
from kit.training.typed_signatures import set_methods, typed_signatures


def save(  # noqa: PLR0913, PLR0917  what a signature may need
    project: Project,
    model_module: Any,
    model: tf_keras.Model,
    transform_output: tft.TFTransformOutput,
    train: tf.data.Dataset,
    folder: str,
) -> None:
    """Save the model as a SavedModel, without optimizer and metrics.

    A project's own `serving_signature(module, transform_output, train)` takes the place of the default one; `train` are
    the training rows, some at a time (see `kit.training.dataset.of_project`).
    """
    predictor = tf_keras.Model(model.inputs, model.outputs)
    module = signatures.ServingModule(predictor, transform_output, project.not_requested)
    make_default = getattr(model_module, "serving_signature", None)
    default = (
        make_default(module, transform_output, train)
        if make_default
        else signatures.columns_signature(module)
    )
    # Traced here, not by `save`, which would trace again what `typed_signatures` calls.
    examples = signatures.examples_signature(module).get_concrete_function()
    # Only the signatures are called: Keras's own traces of every layer would take seconds to write and to load.
    with keras_option_scope(save_traces=False, in_tf_saved_model_scope=False):
        tf.saved_model.save(
            module,
            folder,
            signatures={
                "serving_default": default,
                EXAMPLES: examples,
                **typed_signatures(project, examples),
                TRANSFORM: signatures.transform_features_signature(module, transform_output),
            },
        )
    set_methods(Path(folder))
