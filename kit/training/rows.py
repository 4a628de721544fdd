"""The rows that a training job names: those to train on, and those held out."""

from __future__ import annotations

import tensorflow_transform as tft

from kit.errors import ProjectError
from kit.project import Project
from kit.training import dataset
from kit.training.dataset import Rows
from kit.training.job import Job
from kit.training.streamed import USUAL, Reading
from kit.training.weights import ClassWeightTable


def read_rows(
    project: Project, job: Job, transform_output: tft.TFTransformOutput, reading: Reading = USUAL
) -> tuple[Rows, Rows]:
    """Return the rows to train on, weighted as the settings say, and the held-out rows.

    Class weights are for training only: held-out rows are evaluated as they come.

    Raises:
        ProjectError: when classes are to be balanced although the label is a number.
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
