"""The training loop: build, adapt, fit, save."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import tensorflow_transform as tft
import tf_keras

from kit.project import Project
from kit.steps.progress import report
from kit.training import dataset
from kit.training.job import ROWS_FILE, Job
from kit.training.save import save
from kit.training.stop import LiveTensorBoard, Teller


def train(job: Job) -> None:
    """Train a model and save it with its signatures."""
    project, training = Project.load(job.project), job.training
    model_module = importlib.import_module(f"kit.projects.{project.name}.model")
    tf_keras.utils.set_random_seed(training.seed)
    transform_output = tft.TFTransformOutput(job.transform_output)
    train, train_count = dataset.load(job.train_files, transform_output, project.label_key)
    held_out, eval_count = dataset.load(job.eval_files, transform_output, project.label_key)

    model = model_module.build_model(transform_output, training)
    if adapt := getattr(model_module, "adapt", None):  # tables that a model looks things up in
        adapt(model, train)
    model.fit(
        dataset.batches(train, train_count, training.batch_size, seed=training.seed),
        validation_data=dataset.batches(held_out, eval_count, training.batch_size),
        epochs=training.epochs,
        callbacks=_callbacks(job),
        verbose=0,
    )
    if job.model_dir:
        report("saving the model")
        save(project, model_module, model, transform_output, train, job.model_dir)
    (job.run / ROWS_FILE).write_text(json.dumps({"train": train_count, "eval": eval_count}))


def _callbacks(job: Job) -> list[tf_keras.callbacks.Callback]:
    return [
        LiveTensorBoard(job.run_dir, update_freq="epoch", write_graph=False),
        Teller(job.run, Path(job.checkpoint), job.training.told(), job.stop_after_steps),
        tf_keras.callbacks.BackupAndRestore(job.checkpoint),
    ]
