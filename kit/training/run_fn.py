"""The training loop that Trainer calls, the same for every project; what differs is in the project's model.py."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf
import tensorflow_transform as tft
import tf_keras
from tf_keras.src.saving.legacy.saved_model.utils import keras_option_scope  # not public, and pinned

from kit.project import Project
from kit.project_file import Training
from kit.steps.progress import report
from kit.training import dataset, signatures
from kit.training.stop import LiveTensorBoard, Teller

ROWS_FILE = "rows.json"


def run_fn(fn_args: Any) -> None:
    """Train the project's model and save it with its signatures.

    Args:
        fn_args: TFX's FnArgs. Its `custom_config` holds `project` (folder), `training` (see `Training`),
            `checkpoint` (folder from which an interrupted training goes on) and `stop_after_steps` (see `Teller`).
    """
    config = fn_args.custom_config
    project = Project.load(config["project"])
    training = Training.model_validate(config["training"])
    model_module = importlib.import_module(f"kit.projects.{project.name}.model")
    tf_keras.utils.set_random_seed(training.seed)
    transform_output = tft.TFTransformOutput(fn_args.transform_output)
    train, train_count = dataset.load(fn_args.train_files, transform_output, project.label_key)
    held_out, eval_count = dataset.load(fn_args.eval_files, transform_output, project.label_key)

    model = model_module.build_model(transform_output, training)
    if adapt := getattr(model_module, "adapt", None):  # tables that a model looks things up in
        adapt(model, train)
    model.fit(
        dataset.batches(train, train_count, training.batch_size, seed=training.seed),
        validation_data=dataset.batches(held_out, eval_count, training.batch_size),
        epochs=training.epochs,
        callbacks=_callbacks(fn_args.model_run_dir, config, training),
        verbose=0,
    )
    report("saving the model")
    save(project, model_module, model, transform_output, train, fn_args.serving_model_dir)
    (Path(fn_args.model_run_dir) / ROWS_FILE).write_text(
        json.dumps({"train": train_count, "eval": eval_count})
    )


def save(  # noqa: PLR0913, PLR0917  what a signature may need
    project: Project,
    model_module: Any,
    model: tf_keras.Model,
    transform_output: tft.TFTransformOutput,
    train: tf.data.Dataset,
    folder: str,
) -> None:
    """Save the model as a SavedModel, without optimizer and metrics.

    A project's own `serving_signature(module, transform_output, train)` takes the place of the default one.
    """
    predictor = tf_keras.Model(model.inputs, model.outputs)
    module = signatures.ServingModule(predictor, transform_output, {project.label})
    make_default = getattr(model_module, "serving_signature", None)
    default = (
        make_default(module, transform_output, train)
        if make_default
        else signatures.columns_signature(module)
    )
    # Only the signatures are called: Keras's own traces of every layer would take seconds to write and to load.
    with keras_option_scope(save_traces=False, in_tf_saved_model_scope=False):
        tf.saved_model.save(
            module,
            folder,
            signatures={
                "serving_default": default,
                "examples": signatures.examples_signature(module),
                "transform_features": signatures.transform_features_signature(module, transform_output),
            },
        )


def _callbacks(
    run_dir: str, config: Mapping[str, Any], training: Training
) -> list[tf_keras.callbacks.Callback]:
    run, checkpoint = Path(run_dir), Path(config["checkpoint"])
    return [
        LiveTensorBoard(run_dir, update_freq="epoch", write_graph=False),
        Teller(run, checkpoint, training.model_dump(), config.get("stop_after_steps", 0)),
        tf_keras.callbacks.BackupAndRestore(str(checkpoint)),
    ]
