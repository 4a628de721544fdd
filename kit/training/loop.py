"""The training loop: build, adapt, fit, save."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import tensorflow as tf
import tensorflow_transform as tft
import tf_keras

from kit.project import Project
from kit.project.arguments import check_arguments
from kit.steps.progress import report
from kit.training import dataset
from kit.training.boards.write import Subject, boards
from kit.training.build import build, model_module_of, own_generators
from kit.training.checkpoints import KEPT_FOLDER, Checkpoints
from kit.training.config import Training
from kit.training.dataset import Rows
from kit.training.distribution import Batches, Distribution
from kit.training.job import ROWS_FILE, Job
from kit.training.keep import KeepEpochs
from kit.training.precision import FLOAT32, copy_into
from kit.training.reporting import LiveTensorBoard, ProgressCallback
from kit.training.resolve import resolved
from kit.training.rows import read_rows
from kit.training.save import save
from kit.training.transform_preload import LoadTransform


def train(job: Job, distribution: Distribution | None = None) -> None:
    """Train a model and save it with its signatures; without a distribution on one device."""
    spread = distribution or Distribution()
    project, job = Project.load(job.project), resolved(job)
    training = job.training
    model_module = model_module_of(project)
    tf_keras.utils.set_random_seed(training.seed)
    transform_output = tft.TFTransformOutput(job.transform_output)
    if not hasattr(model_module, "serving_signature"):
        check_arguments(transform_output.raw_feature_spec().keys() - project.not_requested)
    train_rows, held_out_rows = read_rows(project, job, transform_output)
    steps = math.ceil(train_rows.count / training.batch_size)

    make = partial(build, model_module, transform_output, training, steps * training.epochs)
    with own_generators() if spread.strategy is None else nullcontext():
        model = spread.build(make, _adapting(model_module, train_rows))
    checkpoints = Checkpoints(Path(job.checkpoint), training.best_by, training.keep_checkpoints)
    keep = KeepEpochs(checkpoints, training.seed, training.early_stopping)
    first = checkpoints.resume(model)
    held_out_batches = Batches(
        partial(held_out_rows.once, training.batch_size), math.ceil(held_out_rows.count / training.batch_size)
    )
    data = spread.data(
        Batches(partial(train_rows.epochs, training.batch_size, training.seed, first), steps),
        held_out_batches,
    )
    subject = Subject(job, project, model_module, transform_output, held_out_rows, spread.trained)
    callbacks = [
        keep,
        *_reporting_callbacks(job, spread, keep, checkpoints, data["x"]),
        *spread.outside(boards(subject, model)),
        *([LoadTransform(transform_output)] if job.model_dir and not spread.strategy else []),
    ]
    model.fit(
        **data,
        initial_epoch=training.epochs if checkpoints.ended or keep.is_over else first,
        epochs=training.epochs,
        callbacks=spread.callbacks(callbacks, held_out_batches),
        verbose=0,
    )
    if job.model_dir:
        report("saving the model")
        plain = _whole(spread.trained(model), model_module, transform_output, training)
        save(project, model_module, plain, transform_output, dataset.of_project(train_rows), job.model_dir)
    if model.distribute_strategy.extended.should_checkpoint:
        checkpoints.hand_over(job.run / KEPT_FOLDER)
    counts = {"train": train_rows.count, "eval": held_out_rows.count}
    (job.run / ROWS_FILE).write_text(json.dumps(counts))


def _whole(
    model: tf_keras.Model, model_module: Any, transform_output: tft.TFTransformOutput, training: Training
) -> tf_keras.Model:
    """Return the model in float32, in which it is served, whatever precision it was trained in."""
    if training.precision == FLOAT32:
        return model
    plain = training.model_copy(update={"precision": FLOAT32, "schedule": "constant", "warmup_steps": 0})
    return copy_into(build(model_module, transform_output, plain, steps=1), model)


def _adapting(model_module: Any, train: Rows) -> Callable[[tf_keras.Model], None]:
    """Return a function that fills the model's lookup tables; most projects have none."""
    adapt = getattr(model_module, "adapt", None)
    return lambda model: adapt(model, dataset.of_project(train)) if adapt else None


def _reporting_callbacks(
    job: Job, spread: Distribution, keep: KeepEpochs, checkpoints: Checkpoints, batches: tf.data.Dataset
) -> list[tf_keras.callbacks.Callback]:
    """Return the callbacks that report on the training while it runs."""
    return [
        LiveTensorBoard(
            job.run_dir,
            checkpoints.history,
            write_graph=bool(job.model_dir),
        ),
        ProgressCallback(
            job.run,
            keep,
            checkpoints,
            job.training.told(),
            stop_after_steps=job.stop_after_steps,
            asked_to_stop=spread.asked_to_stop,
            input_seconds=partial(dataset.seconds_a_batch, batches) if spread.strategy is None else None,
        ),
    ]
