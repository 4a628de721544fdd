"""One training spread over devices: the model that is trained by a strategy, and beside it a plain one that is saved.

The project's code only ever meets plain variables (`adapt`, the signatures), and the saved model is the same for all
strategies: nothing in it tells of devices, mirrors or shards.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras

from kit.training.job import Job
from kit.training.progress import asked_to_stop


class Distribution:
    """How the loop's model is built and fed.

    Args:
        strategy: None trains on one device, as TensorFlow does without any.
    """

    def __init__(self, strategy: tf.distribute.Strategy | None = None) -> None:
        self.strategy = strategy

    def build(
        self, make: Callable[[], tf_keras.Model], adapt: Callable[[tf_keras.Model], None]
    ) -> tf_keras.Model:
        """Return the model to train; it begins with the weights that one on a single device would begin with.

        Args:
            make: builds and compiles a model.
            adapt: fills tables that it looks things up in.
        """
        self.plain = make()
        adapt(self.plain)
        if self.strategy is None:
            return self.plain
        with self.strategy.scope():
            spread = make()
        copy_weights(self.plain, spread)
        return spread

    def data(self, job: Job, train: tf.data.Dataset, held_out: tf.data.Dataset, steps: int) -> dict[str, Any]:
        """Return what `fit` is given to train and to validate with.

        Args:
            job: names the files, for those who read them by themselves.
            train, held_out: batches of the job's batch size, which is that of all devices together.
            steps: how many batches of `train` there are.
        """
        del job, steps
        return {"x": train, "validation_data": held_out}

    def callbacks(self, held_out: tf.data.Dataset) -> list[tf_keras.callbacks.Callback]:
        """Return what has to be called before the loop's own callbacks."""
        del held_out
        return []

    def asked_to_stop(self, run: Path, *, due: bool) -> bool:
        """Tell after a step whether training has to end here; `due`: it is time to look again."""
        return asked_to_stop(run, due=due)

    def trained(self, model: tf_keras.Model) -> tf_keras.Model:
        """Return the plain model with what was learned, to be saved."""
        if model is not self.plain:
            copy_weights(model, self.plain)
        return self.plain


def copy_weights(source: tf_keras.Model, target: tf_keras.Model) -> None:
    """Give a model the weights of another that the same code built; either may hold a variable as shards of rows."""
    given, values = iter(source.get_weights()), []
    rest: np.ndarray | None = None
    for weight in target.weights:
        value = next(given) if rest is None else rest
        rest, rows = None, weight.shape[0] if weight.shape.rank else 0
        while value.ndim and len(value) < rows:
            value = np.concatenate([value, next(given)])
        if value.ndim and len(value) > rows:
            value, rest = value[:rows], value[rows:]
        values.append(value)
    target.set_weights(values)
