"""The callback that writes what TensorBoard shows of a training besides its curves."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft
import tf_keras

from kit.project import Project
from kit.training import dataset
from kit.training.attention import Attended, examples, save_examples
from kit.training.boards import summary
from kit.training.boards.histograms import write_histograms
from kit.training.boards.pr_curves import write_pr_curves
from kit.training.boards.profile import read_profile
from kit.training.boards.projector import embeddings_of, write_embeddings
from kit.training.boards.trace import StepTrace
from kit.training.job import Job

MOST_ROWS = 20_000  # held-out rows that curves and examples are made from
_BATCH_ROWS = 1_000
_EXAMPLES, _PICTURES = 200, 6
_EMBED_SECONDS = 10.0  # between two writes of the embeddings, which may take longer than an epoch of few rows

Trained = Callable[[tf_keras.Model], tf_keras.Model]


@dataclass(frozen=True)
class Subject:
    """What is shown.

    Attributes:
        job: the training job.
        project: says what the label means.
        model_module: the project's, with or without `attention`, `embeddings` and `embedding_metadata`.
        transform_output: knows the vocabularies.
        held_out: rows that the model does not train on.
        trained: returns a plain model with the learned weights, which may be in other processes.
    """

    job: Job
    project: Project
    model_module: ModuleType
    transform_output: tft.TFTransformOutput
    held_out: dataset.Rows
    trained: Trained


def boards(subject: Subject, model: tf_keras.Model) -> list[tf_keras.callbacks.Callback]:
    """Return the callbacks, to come last in `fit`: none in processes other than the first of a training.

    A trial of Tuner, which saves no model, gets none either.
    """
    if not subject.job.model_dir or not model.distribute_strategy.extended.should_save_summary:
        return []
    steps = subject.job.training.profile_steps
    return [*([StepTrace(subject.job.run, steps)] if steps else []), RunBoard(subject)]


class RunBoard(tf_keras.callbacks.Callback):
    """Writes summary, PR curves, embeddings and attention into the folder of a training."""

    def __init__(self, subject: Subject) -> None:
        super().__init__()
        self._subject, self._job = subject, subject.job
        self._epoch = 0

    def on_train_begin(self, logs: Any = None) -> None:
        del logs
        self._rows = _Rows(self._subject.held_out)
        self._embedded = time.monotonic()  # a short training writes them once, when it ends
        self._writer = tf.summary.create_file_writer(self._job.run_dir)
        with self._writer.as_default():
            summary.write_text(summary.facts_of(self._job, self._subject.transform_output))
            summary.write_hparams(self._job)
        self._writer.flush()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        del logs
        self._epoch = epoch
        plain = self._subject.trained(self.model)
        with self._writer.as_default():
            if self._job.training.histograms:
                write_histograms(plain, epoch)
            if self._subject.project.spec.task != "regression":
                write_pr_curves(self._rows.labels, self._rows.scores(plain), epoch)
        self._writer.flush()
        if time.monotonic() - self._embedded > _EMBED_SECONDS:
            self._write_embeddings(plain)

    def on_train_end(self, logs: Any = None) -> None:
        """Show the weights that are kept, which need not be those of the last epoch."""
        del logs
        plain = self._subject.trained(self.model)
        self._write_embeddings(plain)
        with self._writer.as_default():
            if attention := getattr(self._subject.model_module, "attention", None):
                self._write_attention(plain, attention(plain, self._subject.transform_output))
            if profile := read_profile(self._job.run):
                summary.write_profile(profile)
            summary.write_end()
        self._writer.close()

    def _write_attention(self, plain: tf_keras.Model, attended: Attended) -> None:
        from kit.training.boards.pictures import write_attention  # noqa: PLC0415  most models draw nothing

        rows, scores = self._rows, self._rows.scores(plain)[:, 0]
        found = examples(attended, rows.features, scores, np.ravel(rows.labels), _EXAMPLES)
        save_examples(self._job.run, found)
        write_attention(found[:: max(1, len(found) // _PICTURES)][:_PICTURES], self._epoch)

    def _write_embeddings(self, plain: tf_keras.Model) -> None:
        self._embedded = time.monotonic()
        more, metadata = (
            tell(plain, self._subject.transform_output) if tell else {}
            for tell in (
                getattr(self._subject.model_module, name, None)
                for name in ("embeddings", "embedding_metadata")
            )
        )
        write_embeddings(self._job.run, embeddings_of(plain, self._subject.transform_output, more, metadata))


class _Rows:
    """Held-out rows in memory: all of them, or whole batches spread over them."""

    def __init__(self, held_out: dataset.Rows) -> None:
        every = max(1, -(-held_out.count // MOST_ROWS))
        batches = [batch[:2] for batch in held_out.once(_BATCH_ROWS).shard(every, 0)]  # without weights
        self.features = {
            name: np.concatenate([features[name].numpy() for features, _ in batches])
            for name in batches[0][0]
        }
        self.labels = np.concatenate([labels.numpy() for _, labels in batches])
        self._score: tuple[tf_keras.Model, Any] | None = None

    def scores(self, model: tf_keras.Model) -> np.ndarray:
        """Return the model's outputs for the rows, [rows, outputs] float32."""
        if self._score is None or self._score[0] is not model:
            # Not `predict`, which a training with a strategy would run in all its processes.
            score = tf.function(
                lambda rows: model(rows, training=False), autograph=False, reduce_retracing=True
            )
            self._score = (model, score)
        names = model.input_names
        return np.concatenate(
            [
                self._score[1]({name: self.features[name][at : at + _BATCH_ROWS] for name in names}).numpy()
                for at in range(0, len(self.labels), _BATCH_ROWS)
            ]
        ).astype(np.float32)
