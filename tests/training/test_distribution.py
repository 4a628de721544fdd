"""A model that is trained by a strategy, beside the plain one: same weights, same batches, every row once."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from kit.training.distribution import Batches, Distribution, ShardedBatches, copy_weights, outside_scope

ROWS, BATCH = 21, 4


class Shares:
    """Stands in for a strategy of several devices: hands out the data sets that each process would be given."""

    def __init__(self, replicas: int) -> None:
        self.num_replicas_in_sync = replicas

    def distribute_datasets_from_function(self, make: Any) -> tf.data.Dataset:
        return make(tf.distribute.InputContext())


def model() -> tf_keras.Model:
    built = tf_keras.Sequential(
        [
            tf_keras.layers.Embedding(5, 2, input_length=1),
            tf_keras.layers.Flatten(),
            tf_keras.layers.BatchNormalization(),
            tf_keras.layers.Dense(1),
        ]
    )
    built.compile("sgd", "mse", metrics=["mae"])
    return built


def rows() -> tf.data.Dataset:
    return tf.data.Dataset.range(ROWS).map(lambda number: ({"x": number}, number + 100)).batch(BATCH)


def shares(replicas: int, workers: int) -> Iterator[tuple[list[list[int]], list[list[int]]]]:
    """Give for each process the rows of training and those held out, a list an element."""
    for worker in range(workers):
        spread = ShardedBatches(Shares(replicas), worker, workers)
        data = spread.data(Batches(rows, 6), Batches(rows, 6))
        assert (data["steps_per_epoch"], data["validation_steps"]) == (6, 6)
        yield (
            [batch[0]["x"].numpy().tolist() for batch in data["x"]],
            [batch[0]["x"].numpy().tolist() for batch in data["validation_data"]],
        )


@pytest.mark.parametrize(("replicas", "workers"), [(1, 1), (2, 1), (2, 2), (3, 3), (6, 2), (8, 2)])
def test_each_row_goes_to_one_device_and_each_step_has_its_batch(replicas: int, workers: int) -> None:
    trained, held_out = zip(*shares(replicas, workers), strict=True)
    here = replicas // workers
    for step in range(6):
        whole = list(range(step * BATCH, min((step + 1) * BATCH, ROWS)))
        per_process = [one[step * here : (step + 1) * here] for one in held_out]
        assert [row for process in per_process for share in process for row in share] == whole
        parts = [share for one in trained for share in one[step * here : (step + 1) * here]]
        assert all(parts), "a device without rows would give BatchNormalization nothing to average"
        assert sorted({row for part in parts for row in part}) == whole
    assert all(len(one) == 6 * here for one in (*trained, *held_out)), "all processes take equally many steps"


def test_weights_are_copied_between_a_whole_variable_and_its_shards() -> None:
    whole = model()
    shards = SimpleNamespace(weights=[], given=None)
    for weight in whole.weights:
        cuts = [slice(0, 2), slice(2, 3), slice(3, 5)] if weight.shape == (5, 2) else [slice(None)]
        shards.weights += [tf.Variable(weight.numpy()[cut]) for cut in cuts]
    assert len(shards.weights) == len(whole.weights) + 2

    other = model()
    assert not np.array_equal(other.get_weights()[0], whole.get_weights()[0])
    copy_weights(shards, other)
    for found, expected in zip(other.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)

    shards.set_weights = lambda values: setattr(shards, "given", values)
    copy_weights(other, shards)
    for given, weight in zip(shards.given, shards.weights, strict=True):
        np.testing.assert_array_equal(given, weight.numpy())


def test_without_a_strategy_there_is_one_model() -> None:
    spread = Distribution()
    built = spread.build(model, lambda one: one.layers[0].set_weights([np.ones((5, 2))]))
    assert spread.trained(built) is built
    assert built.get_weights()[0].sum() == 10
    own: list[Any] = [tf_keras.callbacks.Callback()]
    assert spread.outside(own) == own


def test_a_strategy_trains_another_model_that_begins_alike() -> None:
    strategy = tf.distribute.OneDeviceStrategy("CPU:0")
    spread = ShardedBatches(strategy)
    built = spread.build(model, lambda one: one.layers[0].set_weights([np.full((5, 2), 7.0)]))
    assert built is not spread.plain
    np.testing.assert_array_equal(built.get_weights()[0], np.full((5, 2), 7.0))
    built.layers[0].set_weights([np.ones((5, 2))])
    np.testing.assert_array_equal(spread.trained(built).get_weights()[0], np.ones((5, 2)))


class UsesPlain(tf_keras.callbacks.Callback):
    """Runs a plain model, as what is written for TensorBoard does."""

    def __init__(self, plain: tf_keras.Model) -> None:
        super().__init__()
        self._plain = plain
        self.called: list[str] = []

    def on_train_begin(self, logs: Any = None) -> None:
        self._use("begin", logs)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._use(f"begin {epoch}", logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._use(f"end {epoch}", logs)
        assert "loss" in logs

    def on_train_end(self, logs: Any = None) -> None:
        self._use("end", logs)

    def _use(self, when: str, logs: Any) -> None:
        del logs
        assert not tf.distribute.has_strategy()
        self._plain.predict(np.zeros((1, 1)), verbose=0)
        assert self.model is not self._plain
        self.called.append(when)


def test_a_plain_model_can_be_used_outside_the_scope() -> None:
    spread = ShardedBatches(tf.distribute.OneDeviceStrategy("CPU:0"))
    built = spread.build(model, lambda _model: None)
    callback = UsesPlain(spread.plain)
    built.fit(np.zeros((4, 1)), np.zeros(4), epochs=2, verbose=0, callbacks=spread.outside([callback]))
    assert callback.called == ["begin", "begin 0", "end 0", "begin 1", "end 1", "end"]


def test_what_is_raised_outside_arrives() -> None:
    with pytest.raises(ZeroDivisionError):
        outside_scope(lambda: 1 // 0)
