"""A short training without files and callbacks: a model, its compiled step, and its batches."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import tensorflow as tf
import tensorflow_transform as tft
import tf_keras

from kit.project import Project
from kit.training.build import build, model_module_of, own_generators, reseed
from kit.training.dataset import Rows, of_project
from kit.training.job import Job
from kit.training.rows import read_rows
from kit.training.streamed import USUAL, Reading

_STEPS = 1_000_000  # of a schedule: enough that the rate does not fall


@dataclass(frozen=True)
class ShortTraining:
    """A model that is ready to train, and the rows that it trains on."""

    model: tf_keras.Model
    rows: Rows
    job: Job

    @classmethod
    def of(cls, job: Job, reading: Reading = USUAL) -> ShortTraining:
        """Build the model as the loop does, on one device."""
        project, training = Project.load(job.project), job.training
        tf_keras.utils.set_random_seed(training.seed)
        transform_output = tft.TFTransformOutput(job.transform_output)
        rows, _ = read_rows(project, job, transform_output, reading)
        module = model_module_of(project)
        with own_generators():
            model = build(module, transform_output, training, _STEPS)
        if adapt := getattr(module, "adapt", None):
            adapt(model, of_project(rows))
        reseed(model, training.seed, 0)
        return cls(model, rows, job)

    def batches(self) -> tf.data.Dataset:
        return self.rows.epochs(self.job.training.batch_size, self.job.training.seed)

    def paces(self, batches: Iterator[Any], seconds: float, times: int) -> tuple[list[float], float]:
        """Train several times for a number of seconds, after a step that compiles the training function.

        Returns:
            The steps per second of each time, and the final loss.
        """
        step, at_once = self.model.make_train_function(), self.job.training.steps_per_execution
        float(step(batches)["loss"])
        started = time.perf_counter()
        float(step(batches)["loss"])
        calls = max(1, int(seconds / (time.perf_counter() - started)))
        found = [self._pace(step, batches, calls) for _ in range(times)]
        return [pace * at_once for pace, _ in found], found[-1][1]

    @staticmethod
    def _pace(step: Any, batches: Iterator[Any], calls: int) -> tuple[float, float]:
        started = time.perf_counter()
        for _ in range(calls):
            logs = step(batches)
        loss = float(logs["loss"])  # waits for the last step
        return calls / (time.perf_counter() - started), loss
