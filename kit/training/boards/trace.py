"""Trace some steps of a training, once its loop has settled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf
import tf_keras

from kit.training.boards.profile import write_profile

_WARM_STEPS = 10  # during which functions are traced and compiled, and data sets fill their buffers


class StepTrace(tf_keras.callbacks.Callback):
    """Writes a trace of some steps for TensorBoard's PROFILE and for `kit.training.boards.profile`.

    With `steps_per_execution` above 1 Keras reports only every that many steps; the trace is that much longer.

    Args:
        run: folder of the training.
        steps: how many are traced, in the first epoch that has enough of them.
    """

    def __init__(self, run: Path, steps: int) -> None:
        super().__init__()
        self._run, self._steps = run, steps
        self._seen, self._tracing, self._done = 0, False, False

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        del batch, logs
        if not self._done and not self._tracing and self._seen >= _WARM_STEPS:
            tf.profiler.experimental.start(str(self._run))
            self._tracing, self._first = True, self._seen

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        del batch, logs
        self._seen += 1
        if self._tracing and self._seen - self._first >= self._steps:
            self._stop()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """End with the epoch, as validation is not a step."""
        del epoch, logs
        self._stop()

    def on_train_end(self, logs: Any = None) -> None:
        del logs
        self._stop()
        write_profile(self._run)

    def _stop(self) -> None:
        if self._tracing:
            tf.profiler.experimental.stop()
            self._tracing, self._done = False, True
