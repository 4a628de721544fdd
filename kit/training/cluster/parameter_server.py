"""ParameterServerStrategy: servers hold the variables, workers compute steps, the chief schedules the steps.

Only the chief runs the training loop. Steps are computed asynchronously, so two trainings are never the same to the
last digit. Based on https://www.tensorflow.org/tutorials/distribute/parameter_server_training.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NoReturn

import tensorflow as tf
import tf_keras

from kit.machine import cores
from kit.training.cluster.tf_config import PS, Place
from kit.training.distribution import Batches, Distribution, copy_weights, outside_scope

_LEAST_ROWS = 512  # of a shard
_MICROSECONDS = 1_000_000


def serve(place: Place) -> NoReturn:
    """Be a worker or a parameter server, which does what the chief says until its process is ended."""
    config = tf.compat.v1.ConfigProto()
    # A step waits for variables in one of these threads; with too few of them workers wait for each other.
    config.inter_op_parallelism_threads = max(cores(), len(place.cluster.members))
    server = tf.distribute.Server(
        tf.train.ClusterSpec(place.cluster.addresses),
        job_name=place.member.role,
        task_index=place.member.index,
        protocol="grpc",
        config=config,
        start=True,
    )
    server.join()
    raise AssertionError("a server only ends with its process")


class ByRows(tf.distribute.experimental.partitioners.Partitioner):
    """Spreads the rows of large embeddings over all servers; everything else stays whole, each on one of them.

    A step reads a few rows of an embedding, but all of a kernel, whose shards would have to be reassembled.

    Args:
        servers: the most shards.
    """

    def __init__(self, servers: int) -> None:
        self._servers = servers

    def __call__(self, shape: tf.TensorShape, dtype: tf.DType, axis: int = 0) -> list[int]:
        """Return the number of shards along each axis, which is 1 but for the first."""
        del dtype, axis
        return [max(1, min(self._servers, int(shape[0]) // _LEAST_ROWS)), *[1] * (shape.rank - 1)]


class ParameterServerDistribution(Distribution):
    """The distribution of a chief with workers and parameter servers."""

    def __init__(self, place: Place) -> None:
        servers = len(place.cluster.addresses[PS])
        resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
            tf.train.ClusterSpec(place.cluster.addresses),
            task_type=place.member.role,
            task_id=place.member.index,
            rpc_layer="grpc",
        )
        super().__init__(
            tf.distribute.ParameterServerStrategy(
                resolver, variable_partitioner=ByRows(servers) if servers > 1 else None
            )
        )

    def data(self, train: Batches, held_out: Batches) -> dict[str, Any]:
        """Return batches that each worker makes for itself, each beginning at another place of the epoch."""
        del held_out

        def of_worker(_context: tf.distribute.InputContext) -> tf.data.Dataset:
            # Runs in the worker, where only the clock distinguishes workers.
            now = tf.cast(tf.timestamp() * _MICROSECONDS, tf.int64)
            return train.make().skip(now % train.steps)

        return {"x": tf_keras.utils.experimental.DatasetCreator(of_worker), "steps_per_epoch": train.steps}

    def callbacks(self, own: list[Any], held_out: Batches) -> list[Any]:
        for callback in own:
            # Otherwise Keras refuses callbacks with batch hooks, whose logs are not known yet; it has no public switch.
            callback._supports_tf_logs = True  # noqa: SLF001
        return [_HeldOut(self.plain, held_out.make()), *own]


class _HeldOut(tf_keras.callbacks.Callback):
    """Evaluates the held-out rows on the chief, each once; workers would take some twice and others never."""

    def __init__(self, plain: tf_keras.Model, held_out: tf.data.Dataset) -> None:
        super().__init__()
        self._plain, self._held_out = plain, held_out

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        del epoch
        copy_weights(self.model, self._plain)
        values = outside_scope(partial(self._plain.evaluate, self._held_out, return_dict=True, verbose=0))
        if logs is not None:
            logs.update({f"val_{name}": value for name, value in values.items()})
