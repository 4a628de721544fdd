"""The training loop: build, adapt, fit, save."""

from __future__ import annotations

import importlib
import json
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import tensorflow as tf
import tensorflow_transform as tft
import tf_keras

from kit.project import Project
from kit.steps.progress import report
from kit.training import dataset
from kit.training.distribution import Distribution
from kit.training.job import ROWS_FILE, Job
from kit.training.save import save
from kit.training.stop import LiveTensorBoard, Teller


def train(job: Job, distribution: Distribution | None = None) -> None:
    """Train a model and save it with its signatures; without a distribution on one device."""
    spread = distribution or Distribution()
    project, training = Project.load(job.project), job.training
    model_module = importlib.import_module(f"kit.projects.{project.name}.model")
    tf_keras.utils.set_random_seed(training.seed)
    transform_output = tft.TFTransformOutput(job.transform_output)
    train, train_count = dataset.load(job.train_files, transform_output, project.label_key)
    held_out, eval_count = dataset.load(job.eval_files, transform_output, project.label_key)

    model = spread.build(
        partial(model_module.build_model, transform_output, training), _adapting(model_module, train)
    )
    train_batches = dataset.batches(train, train_count, training.batch_size, seed=training.seed)
    held_out_batches = dataset.batches(held_out, eval_count, training.batch_size)
    steps = math.ceil(train_count / training.batch_size)
    model.fit(
        **spread.data(job, train_batches, held_out_batches, steps),
        epochs=training.epochs,
        callbacks=[*spread.callbacks(held_out_batches), *_callbacks(job, spread)],
        verbose=0,
    )
    if job.model_dir:
        report("saving the model")
        save(project, model_module, spread.trained(model), transform_output, train, job.model_dir)
    (job.run / ROWS_FILE).write_text(json.dumps({"train": train_count, "eval": eval_count}))


def _adapting(model_module: Any, train: tf.data.Dataset) -> Callable[[tf_keras.Model], None]:
    """Return what fills the tables that a model looks things up in; most projects have none."""
    adapt = getattr(model_module, "adapt", lambda _model, _train: None)
    return lambda model: adapt(model, train)


def _callbacks(job: Job, spread: Distribution) -> list[tf_keras.callbacks.Callback]:
    return [
        LiveTensorBoard(job.run_dir, update_freq="epoch", write_graph=False),
        Teller(job.run, job.kept, job.training.told(), job.stop_after_steps, spread.asked_to_stop),
        tf_keras.callbacks.BackupAndRestore(job.checkpoint),
    ]
