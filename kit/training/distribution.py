"""Distribute a training over devices: a distributed model is trained, a plain copy of it is saved.

The project's code only ever meets plain variables (`adapt`, the signatures), and the saved model is the same for all
strategies: nothing in it depends on devices, mirrors or shards.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import tensorflow as tf
import tf_keras

from kit.training.progress import asked_to_stop

_R = TypeVar("_R")


class Batches(NamedTuple):
    """Batches of a split, made where they are needed, and how many of them contain every row once."""

    make: Callable[[], tf.data.Dataset]
    steps: int


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
        """Return the model to train; it starts with the same weights as on a single device.

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
        spread.distribute_reduction_method = (
            "first"  # metrics are the same on all devices; their sum would be wrong
        )
        copy_weights(self.plain, spread)
        return spread

    def data(self, train: Batches, held_out: Batches) -> dict[str, Any]:
        """Return what `fit` is given to train and to validate with.

        Args:
            train: the batches of all devices together, of all epochs, without end.
            held_out: the held-out rows, once.
        """
        return {"x": train.make(), "steps_per_epoch": train.steps, "validation_data": held_out.make()}

    def callbacks(self, own: list[Any], held_out: Batches) -> list[Any]:
        """Return the loop's callbacks with those that a training of this kind needs in addition."""
        del held_out
        return own

    def outside(self, own: list[Any]) -> list[Any]:
        """Return callbacks that build or run plain models, wrapped to run outside a strategy's scope."""
        if self.strategy is None:
            return own
        # Keras has no public way to ask for batch hooks, which `_Outside` does not pass on.
        return [one if one._implements_train_batch_hooks() else _Outside(one) for one in own]  # noqa: SLF001

    def asked_to_stop(self, run: Path, *, due: bool) -> bool:
        """Return, after a step, whether training has to end here; `due`: it is time to look again."""
        return asked_to_stop(run, due=due)

    def trained(self, model: tf_keras.Model) -> tf_keras.Model:
        """Return the plain model with what was learned, to be saved."""
        if model is not self.plain:
            copy_weights(model, self.plain)
        return self.plain


class ShardedBatches(Distribution):
    """Devices that compute each batch together: each takes its share of the rows of a batch.

    A step is then the same as on one device, except for rounding and random layers.

    Args:
        strategy: mirrors the model on all devices.
        worker, workers: which process this is, of how many.
    """

    def __init__(self, strategy: tf.distribute.Strategy, worker: int = 0, workers: int = 1) -> None:
        super().__init__(strategy)
        self._distribute = strategy.distribute_datasets_from_function
        self.worker, self._replicas = worker, strategy.num_replicas_in_sync
        self._here = self._replicas // workers

    def data(self, train: Batches, held_out: Batches) -> dict[str, Any]:
        return {
            "x": self._shared(train, least=1),
            "steps_per_epoch": train.steps,
            "validation_data": self._shared(held_out, least=0),
            "validation_steps": held_out.steps,
        }

    def _shared(self, batches: Batches, least: int) -> tf.data.Dataset:
        first = self.worker * self._here

        def share(place: tf.Tensor, batch: Any) -> Any:
            rows = tf.shape(tf.nest.flatten(batch)[0], tf.int64)[0]
            begin = place * rows // self._replicas
            end = tf.maximum((place + 1) * rows // self._replicas, begin + least)
            return tf.nest.map_structure(lambda column: column[begin:end], batch)

        def shares(*batch: Any) -> tf.data.Dataset:
            return tf.data.Dataset.range(first, first + self._here).map(lambda place: share(place, batch))

        def of_worker(_context: tf.distribute.InputContext) -> tf.data.Dataset:
            return batches.make().flat_map(shares).prefetch(tf.data.AUTOTUNE)

        return self._distribute(of_worker)


class _Outside(tf_keras.callbacks.Callback):
    """Calls another callback outside the strategy scope in which `fit` calls its callbacks."""

    def __init__(self, inner: tf_keras.callbacks.Callback) -> None:
        super().__init__()
        self._inner = inner

    def set_model(self, model: tf_keras.Model) -> None:
        super().set_model(model)
        self._inner.set_model(model)

    def on_train_begin(self, logs: Any = None) -> None:
        outside_scope(self._inner.on_train_begin, logs)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        outside_scope(self._inner.on_epoch_begin, epoch, logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        outside_scope(self._inner.on_epoch_end, epoch, logs)

    def on_train_end(self, logs: Any = None) -> None:
        outside_scope(self._inner.on_train_end, logs)


def outside_scope(function: Callable[..., _R], *arguments: Any) -> _R:
    """Run a function in a thread of its own and return its result: a strategy's scope belongs to a thread."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(function, *arguments).result()


def copy_weights(source: tf_keras.Model, target: tf_keras.Model) -> None:
    """Give a model the weights of another built by the same code; either may hold a variable as shards of rows.

    No other process takes part: what each worker keeps for itself, like BatchNormalization's averages, is read from
    this process.
    """
    given, values = (_value(weight) for weight in source.weights), []
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


def _value(weight: tf.Variable) -> np.ndarray:
    """Return a weight; if each device of this process has its own copy, their mean."""
    own = getattr(weight, "values", None)
    if not own:
        return np.asarray(weight.numpy())
    if weight.synchronization == tf.VariableSynchronization.ON_READ:
        return np.asarray(np.mean([each.numpy() for each in own], axis=0))
    return np.asarray(own[0].numpy())
