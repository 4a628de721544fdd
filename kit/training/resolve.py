"""Resolve a training job's settings for this device and these rows, and load its rows."""

from __future__ import annotations

from dataclasses import replace

import tensorflow_transform as tft

from kit.errors import ProjectError
from kit.project import Project
from kit.steps.progress import report
from kit.training import dataset, precision, xla
from kit.training.dataset import Rows
from kit.training.job import Job
from kit.training.streamed import USUAL, Reading
from kit.training.weights import ClassWeightTable

_GATHERING = ("mirrored", "multi_worker_mirrored")


def resolved(job: Job) -> Job:
    """Return the job as it can be trained here.

    The precision is one that this device has, XLA is on only where it compiles the model in time, and several steps
    are run per call only where no replicas wait for each other within one.
    """
    chosen, why = precision.choose(job.training.precision)
    job = replace(job, training=job.training.model_copy(update={"precision": chosen}))
    said = [why]
    if job.training.jit_compile and (reason := _why_no_xla(job)):
        said.append(reason)
        job = replace(job, training=job.training.model_copy(update={"jit_compile": False}))
    if job.training.steps_per_execution > 1 and job.training.strategy in _GATHERING:
        said.append(
            f"steps_per_execution is 1 and not {job.training.steps_per_execution}: {job.training.strategy} gathers the "
            "gradients of embeddings, whose sizes TensorFlow mixes up between the steps of one execution."
        )
        job = replace(job, training=job.training.model_copy(update={"steps_per_execution": 1}))
    for line in filter(None, said):
        report(line)
        print(line)  # noqa: T201  to the log of the step, where it stays
    return job


def _why_no_xla(job: Job) -> str:
    if job.training.strategy != "one_device":
        return f"XLA is left out: it compiles on one device, and the strategy is {job.training.strategy}."
    return xla.why_not(job)


def read_rows(
    project: Project, job: Job, transform_output: tft.TFTransformOutput, reading: Reading = USUAL
) -> tuple[Rows, Rows]:
    """Return the rows to train on, weighted as the settings say, and the rows held out.

    The weights of classes are for training alone: what is held out tells of the rows as they come.

    Raises:
        ProjectError: when classes are to be balanced where the label is a number.
    """
    training = job.training
    if training.class_weights == "balanced" and project.spec.task == "regression":
        raise ProjectError(
            "class_weights balanced needs a label of classes, but the task is regression. Leave it out, or weight rows "
            "by a column of kind weight."
        )
    train, held_out = (
        dataset.load(
            files,
            transform_output,
            project.label_key,
            weight_key=project.weight_key,
            memory_mb=training.memory_mb,
            reading=reading,
        )
        for files in (job.train_files, job.eval_files)
    )
    if training.class_weights == "balanced":
        train = train.weighted(ClassWeightTable.balanced(train.labels()))
    return train, held_out
