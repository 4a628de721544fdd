"""Between epochs: write a checkpoint, stop when training no longer improves, keep the best epoch."""

from __future__ import annotations

from typing import Any

import tf_keras

from kit.training.build import reseed
from kit.training.checkpoints import Checkpoints
from kit.training.progress import STOPPED
from kit.training.schedules import present_rate


class KeepEpochs(tf_keras.callbacks.Callback):
    """Writes each epoch that is over, and decides with which weights the training ends.

    They are those of the best epoch if somebody stopped it or early stopping is on, whether or not it took effect.
    Otherwise they are those of the last epoch: that is where the schedule meant to end, and choosing an epoch by the
    rows by which Evaluator then judges the model would make it look better than it is.

    Args:
        checkpoints: the checkpoints of this training.
        seed: the seed of what random layers draw.
        early_stopping: epochs without improvement to end after; 0: never.
    """

    def __init__(self, checkpoints: Checkpoints, seed: int, early_stopping: int = 0) -> None:
        super().__init__()
        self._checkpoints, self._seed, self._early_stopping = checkpoints, seed, early_stopping
        self.kept = 0
        """The epoch whose weights the model ends with; 0: those of its last step."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        del logs
        reseed(self.model, self._seed, epoch)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        rate = present_rate(self.model)
        measured = dict(logs or {}) | ({} if rate is None else {"learning_rate": rate})
        self._checkpoints.save(self.model, epoch + 1, measured)
        if self.is_over:
            self.model.stop_training = True

    @property
    def is_over(self) -> bool:
        """Whether there was no improvement for as many epochs as early stopping waits."""
        return 0 < self._early_stopping <= self._checkpoints.without_improvement()

    def end(self, state: str, step: int) -> None:
        """Give the model its final weights.

        Args:
            state: the state of `kit.training.progress`.
            step: the steps so far, in all epochs together.
        """
        best = self._checkpoints.best if state == STOPPED or self._early_stopping else None
        self.kept = best.number if best else self._checkpoints.latest
        # Of processes that train together, only the first one's model is saved, and the files are its own.
        if self.model.distribute_strategy.extended.should_checkpoint:
            self._checkpoints.end(state, step)
            if best:
                best.load(self.model)
