"""The callback that reports a training's progress, and stops it early on request."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import tensorflow as tf
import tf_keras
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.scalar.summary_v2 import scalar_pb

from kit.steps.progress import report
from kit.training.checkpoints import Checkpoints
from kit.training.keep import KeepEpochs
from kit.training.progress import DONE, STOP_FILE, STOPPED, AskedToStop, Progress, asked_to_stop
from kit.training.schedules import present_rate

STEPS_RUN = "steps"  # the event files of what is reported between epochs
LOSS, PACE, RATE = "loss_so_far", "steps_per_second", "learning_rate"
_TELL_SECONDS = 0.5


class LiveTensorBoard(tf_keras.callbacks.TensorBoard):
    """Writes the events of an epoch out when it ends; they would otherwise wait for two minutes.

    Args:
        folder: the folder of the training.
        history: the metrics of the epochs that an earlier process trained, whose folder may be gone.
        options: the options of Keras's TensorBoard.
    """

    def __init__(self, folder: str, history: Sequence[Mapping[str, float]] = (), **options: Any) -> None:
        super().__init__(folder, update_freq="epoch", **options)
        self._history = [] if (Path(folder) / "train").exists() else list(history)

    def on_train_begin(self, logs: Any = None) -> None:
        super().on_train_begin(logs)
        for epoch, measured in enumerate(self._history):
            self._log_epoch_metrics(epoch, dict(measured))

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Write no batch logs: Keras would prepare each, for half a millisecond, and then have no writer for it."""
        del logs
        super().on_train_batch_end(batch)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        super().on_epoch_end(epoch, logs)
        for writer in self._writers.values():
            writer.flush()

    def _collect_learning_rate(self, logs: dict[str, float]) -> dict[str, float]:
        """Add the rate if it follows a schedule, also inside an optimizer that scales the loss."""
        rate = present_rate(self.model)
        return logs if rate is None else {"learning_rate": rate, **logs}


def _loss(logs: Any) -> float:
    """Return the loss so far in the epoch; NaN: not known while a step is still on its way."""
    return float(logs["loss"]) if isinstance(logs, dict) and "loss" in logs else math.nan


class ProgressCallback(tf_keras.callbacks.Callback):
    """Reports progress about twice a second, and stops training after the current step on request.

    Args:
        run: the folder of the training; progress and events go there, and a request to stop comes from there.
        keep: knows the epochs that are over; it runs before this callback.
        checkpoints: the checkpoints of this training.
        settings: the settings of the training; they name it where it is compared with others.
        stop_after_steps: the number of steps to end after, as somebody once did by hand; rounded up where one execution
            does several steps. 0: train all epochs.
        asked_to_stop: called after each step.
        input_seconds: measures the seconds of the input pipeline alone for a batch.
    """

    def __init__(  # noqa: PLR0913
        self,
        run: Path,
        keep: KeepEpochs,
        checkpoints: Checkpoints,
        settings: Mapping[str, float | str],
        *,
        stop_after_steps: int = 0,
        asked_to_stop: AskedToStop = asked_to_stop,
        input_seconds: Callable[[], float] | None = None,
    ) -> None:
        super().__init__()
        self._supports_tf_logs = True  # reading the loss waits for the step, so it is read only when reported
        self._run, self._keep, self._checkpoints = run, keep, checkpoints
        self._stop_after, self._asked_to_stop = stop_after_steps, asked_to_stop
        self._input_seconds = input_seconds
        self._progress = Progress(settings=dict(settings))
        self._stopping = checkpoints.ended == STOPPED
        self._told = -math.inf

    def on_train_begin(self, logs: Any = None) -> None:
        del logs
        self._run.mkdir(parents=True, exist_ok=True)
        (self._run / STOP_FILE).unlink(missing_ok=True)
        self._writer = tf.summary.create_file_writer(str(self._run / STEPS_RUN))
        self._began = self._epoch_began = self._batch_ended = time.monotonic()
        self._before = self._batches = self._step = 0
        self._resume()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        del logs
        per_epoch, epochs = self.params["steps"] or 0, self.params["epochs"]
        self._before = self._step = epoch * per_epoch if per_epoch else self._step
        self._progress = replace(self._progress, epoch=epoch + 1, epochs=epochs, steps=per_epoch * epochs)
        self._epoch_began = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._batches = batch + 1
        self._step = self._before + self._batches
        self._batch_ended = now = time.monotonic()
        due = now - self._told > _TELL_SECONDS
        if due:
            self._told = now
            self._tell(_loss(logs))
        # Always called: processes that train together answer together.
        if self._asked_to_stop(self._run, due=due) or 0 < self._stop_after <= self._step:
            self.model.stop_training = self._stopping = True

    def on_test_begin(self, logs: Any = None) -> None:
        """Report the last step too, before the held-out rows."""
        del logs
        self._tell(math.nan)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        del epoch, logs
        self._save()

    def on_train_end(self, logs: Any = None) -> None:
        del logs
        state = STOPPED if self._stopping else DONE
        self._keep.end(state, self._step)
        self._writer.close()
        share = None
        if self._input_seconds and self._batches:
            share = round(self._input_seconds() * self._pace, 4)
        self._progress = replace(self._progress, kept_epoch=self._keep.kept, input_share=share)
        self._save(state)

    def _resume(self) -> None:
        """Begin where an earlier process ended; it may have left nothing to train, so that no epoch begins."""
        over, epochs, per_epoch = self._checkpoints.latest, self.params["epochs"], self.params["steps"] or 0
        self._step = self._checkpoints.ended_step or over * per_epoch
        self._progress = replace(
            self._progress,
            epoch=max(over, 1),
            epochs=epochs,
            steps=per_epoch * epochs,
            first_step=self._step,
        )

    @property
    def _pace(self) -> float:
        """Steps a second in the current epoch, or in the last one, without the held-out rows."""
        return self._batches / max(self._batch_ended - self._epoch_began, 1e-9)

    def _tell(self, loss: float) -> None:
        progress = self._progress
        known = "" if math.isnan(loss) else f", loss {loss:.4f}"
        report(f"epoch {progress.epoch} of {progress.epochs}, step {self._batches} of this epoch{known}")
        self._progress = replace(progress, steps_per_second=round(self._pace, 3))
        self._save()
        told = Summary()
        for tag, value in ((LOSS, loss), (PACE, self._pace), (RATE, present_rate(self.model))):
            if value is not None and not math.isnan(value):
                told.MergeFrom(scalar_pb(tag, value))
        with self._writer.as_default():
            tf.summary.experimental.write_raw_pb(told.SerializeToString(), self._step)
        self._writer.flush()

    def _save(self, state: str | None = None) -> None:
        best = self._checkpoints.best
        self._progress = replace(
            self._progress,
            state=state or self._progress.state,
            step=self._step,
            seconds=round(time.monotonic() - self._began, 3),
            best_epoch=best.number if best else 0,
            best=best.value if best else None,
            best_by=self._checkpoints.best_by,
        )
        self._progress.save(self._run)
