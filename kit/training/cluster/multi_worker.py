"""MultiWorkerMirroredStrategy: workers compute each step together, so they must all stop after the same step.

Every worker runs the whole loop. They meet in the collective operations of each step, so one that left the loop alone
would leave the others waiting forever.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import tensorflow as tf
import tf_keras

from kit.training.distribution import Batches, ShardedBatches
from kit.training.progress import asked_to_stop

_LOOK_SECONDS = 0.5  # how often the chief looks whether training has to stop
_MOST_STEPS = 1_000  # between two looks


class Agreement:
    """An all-reduce of a few numbers over all workers, after the same step.

    Args:
        strategy: the strategy of the workers.
    """

    def __init__(self, strategy: tf.distribute.Strategy) -> None:
        self._strategy = strategy
        self._sum = tf.function(self._summed, autograph=False)

    def total(self, *values: float) -> list[float]:
        """Return the sums over all workers; each must call this equally often, with the same number of values."""
        return [float(value) for value in self._sum(tf.constant(values, tf.float32)).numpy()]

    def _summed(self, values: tf.Tensor) -> tf.Tensor:
        def of_replica() -> tf.Tensor:
            first = tf.distribute.get_replica_context().replica_id_in_sync_group  # a worker speaks once
            mine = first % (self._strategy.num_replicas_in_sync // _workers(self._strategy))
            return tf.where(tf.equal(mine, 0), values, tf.zeros_like(values))

        return self._strategy.reduce("SUM", self._strategy.run(of_replica), axis=None)


class MultiWorkerDistribution(ShardedBatches):
    """The distribution of one of several workers.

    Args:
        strategy: the strategy of all workers; its TF_CONFIG says which one this is.
    """

    def __init__(self, strategy: tf.distribute.MultiWorkerMirroredStrategy) -> None:
        resolver = strategy.cluster_resolver
        super().__init__(strategy, worker=resolver.task_id, workers=_workers(strategy))
        self._agreement = Agreement(strategy)
        self._every, self._since, self._asked_at = 1, 0, time.monotonic()

    def asked_to_stop(self, run: Path, *, due: bool) -> bool:
        """Ask all workers now and then; the chief decides how often, so that all ask after the same steps."""
        del due
        self._since += 1
        if self._since < self._every:
            return False
        seconds, self._asked_at = time.monotonic() - self._asked_at, time.monotonic()
        pace = self._since / max(seconds, 1e-6)
        wanted = min(max(int(pace * _LOOK_SECONDS), 1), _MOST_STEPS)
        chief = float(self.worker == 0)
        stop, every = self._agreement.total(chief * asked_to_stop(run, due=True), chief * wanted)
        self._every, self._since = round(every), 0
        return stop > 0

    def callbacks(self, own: list[Any], held_out: Batches) -> list[Any]:
        return [*super().callbacks(own, held_out), _EndTogether(self._agreement)]


class _EndTogether(tf_keras.callbacks.Callback):
    """Ends the training of all workers when one of them has decided so at the end of an epoch."""

    def __init__(self, agreement: Agreement) -> None:
        super().__init__()
        self._agreement = agreement

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        del epoch, logs
        [ending] = self._agreement.total(float(self.model.stop_training))
        self.model.stop_training = ending > 0


def _workers(strategy: tf.distribute.Strategy) -> int:
    return len(strategy.cluster_resolver.cluster_spec().as_dict()["worker"])
