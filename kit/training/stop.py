"""What a training tells while it runs, and how it ends early with the best epoch instead of the last."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras

from kit.steps.progress import report
from kit.training.progress import DONE, STOP_FILE, STOPPED, AskedToStop, Progress, asked_to_stop

STEPS_RUN = "steps"  # the event files of what is told between epochs
LOSS, PACE = "loss_so_far", "steps_per_second"
_TELL_SECONDS = 0.5
_BEST_FILE = "best.npz"


class BestEpoch:
    """Keeps the weights of the epoch with the least loss on the rows held out, beside the training's checkpoint.

    A training that goes on after its process was killed finds them there.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / _BEST_FILE
        self.epoch, self.value = 0, math.inf
        if self._file.exists():
            with np.load(self._file) as kept:
                self.epoch, self.value = int(kept["epoch"]), float(kept["value"])

    def look_at(self, model: tf_keras.Model, epoch: int, value: float) -> None:
        """Keep the weights of an epoch if it is better than those before it."""
        if not value < self.value:  # NaN is never better
            return
        self.epoch, self.value = epoch, value
        weights = {f"weight_{number}": weight for number, weight in enumerate(model.get_weights())}
        temporary = self._file.with_name(f"new-{_BEST_FILE}")
        np.savez(temporary, epoch=epoch, value=value, **weights)
        temporary.replace(self._file)

    def restore(self, model: tf_keras.Model) -> None:
        """Give the model those weights, unless no epoch was better than another."""
        if not self.epoch:
            return
        with np.load(self._file) as kept:
            model.set_weights([kept[f"weight_{number}"] for number in range(len(kept.files) - 2)])

    def forget(self) -> None:
        """Remove the weights: a training that has ended is never gone on with."""
        self._file.unlink(missing_ok=True)


class LiveTensorBoard(tf_keras.callbacks.TensorBoard):
    """Writes the events of an epoch out when it ends; they would otherwise wait for two minutes."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        super().on_epoch_end(epoch, logs)
        for writer in self._writers.values():
            writer.flush()


def _loss(logs: Any) -> float:
    """Return the loss so far in the epoch; NaN: not known while a step is still on its way."""
    return float(logs["loss"]) if isinstance(logs, dict) and "loss" in logs else math.nan


class Teller(tf_keras.callbacks.Callback):
    """Says about twice a second how far training is, and ends it after the present step when it is told to.

    Args:
        run: the folder of the training; progress and events go there, and a wish to end comes from there.
        checkpoint: the folder that outlives a process that is killed.
        settings: of the training; they name it where it is compared with others.
        stop_after_steps: end after so many steps in all, as somebody did before by hand; 0: train all epochs.
        asked_to_stop: is asked after each step.
    """

    def __init__(
        self,
        run: Path,
        checkpoint: Path,
        settings: Mapping[str, float | str],
        stop_after_steps: int = 0,
        asked_to_stop: AskedToStop = asked_to_stop,
    ) -> None:
        super().__init__()
        self._supports_tf_logs = True  # a step that a parameter server's worker still computes has none yet
        self._asked_to_stop = asked_to_stop
        self._run, self._checkpoint, self._stop_after = run, checkpoint, stop_after_steps
        self._progress = Progress(settings=dict(settings))
        self._told = -math.inf

    def on_train_begin(self, logs: Any = None) -> None:
        del logs
        self._run.mkdir(parents=True, exist_ok=True)
        self._checkpoint.mkdir(parents=True, exist_ok=True)
        (self._run / STOP_FILE).unlink(missing_ok=True)
        self._best = BestEpoch(self._checkpoint)
        self._writer = tf.summary.create_file_writer(str(self._run / STEPS_RUN))
        self._began = time.monotonic()
        self._first_epoch: int | None = None
        self._stopping = False

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        del logs
        per_epoch, epochs = self.params["steps"] or 0, self.params["epochs"]
        step = epoch * per_epoch if per_epoch else self._progress.step
        if self._first_epoch is None:
            self._first_epoch = epoch
            self._progress = replace(self._progress, first_step=step)
        self._progress = replace(
            self._progress, epoch=epoch + 1, epochs=epochs, step=step, steps=per_epoch * epochs
        )
        self._epoch_began = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        step = self._progress.step + 1
        self._progress = replace(self._progress, step=step)
        now = time.monotonic()
        due = now - self._told > _TELL_SECONDS
        if due:
            self._told = now
            self._tell(batch, _loss(logs))
        # Asked always: processes that train together answer together.
        if self._asked_to_stop(self._run, due=due) or step == self._stop_after:
            self.model.stop_training = self._stopping = True

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs = logs or {}
        self._best.look_at(self.model, epoch + 1, float(logs.get("val_loss", logs.get("loss", math.nan))))
        self._save()

    def on_train_end(self, logs: Any = None) -> None:
        del logs
        if self._stopping:
            self._best.restore(self.model)
        self._best.forget()
        self._writer.close()
        self._save(STOPPED if self._stopping else DONE)

    def _tell(self, batch: int, loss: float) -> None:
        progress = self._progress
        known = "" if math.isnan(loss) else f", loss {loss:.4f}"
        report(f"epoch {progress.epoch} of {progress.epochs}, step {batch + 1}{known}")
        pace = (batch + 1) / (time.monotonic() - self._epoch_began)
        self._progress = replace(progress, steps_per_second=round(pace, 3))
        self._save()
        with self._writer.as_default(progress.step):
            if known:
                tf.summary.scalar(LOSS, loss)
            tf.summary.scalar(PACE, pace)
        self._writer.flush()

    def _save(self, state: str | None = None) -> None:
        known = self._best.epoch > 0
        self._progress = replace(
            self._progress,
            state=state or self._progress.state,
            seconds=round(time.monotonic() - self._began, 3),
            best_epoch=self._best.epoch,
            best=self._best.value if known else None,
        )
        self._progress.save(self._run)
