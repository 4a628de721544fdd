"""From a strategy's name in project.yml to tf.distribute devices and processes."""

from __future__ import annotations

import tensorflow as tf

from kit.errors import ClusterError
from kit.training import loop
from kit.training.cluster import local, member
from kit.training.cluster.tf_config import ROLES, place_of_process
from kit.training.distribution import ShardedBatches
from kit.training.job import Job

_LOGICAL_CPUS = 2


def run(job: Job) -> None:
    """Train by the strategy of the job.

    What needs several processes starts them on this machine, unless TF_CONFIG says that this process is one of them.

    Raises:
        ClusterError: when TF_CONFIG does not fit the strategy, or the devices cannot be had.
        StepFailedError: when a process of the cluster failed, or was lost too often.
    """
    strategy = job.training.strategy
    if place := place_of_process(strategy):
        member.play(job, place)
    elif strategy in ROLES:
        local.train(job)
    elif strategy == "mirrored":
        loop.train(job, ShardedBatches(_mirrored()))
    else:
        loop.train(job)


def _mirrored() -> tf.distribute.MirroredStrategy:
    """Return a strategy of all GPUs of this machine, or else of its CPU as two devices."""
    if tf.config.list_physical_devices("GPU"):
        return tf.distribute.MirroredStrategy()
    [cpu] = tf.config.list_physical_devices("CPU")
    devices = [tf.config.LogicalDeviceConfiguration()] * _LOGICAL_CPUS
    try:
        tf.config.set_logical_device_configuration(cpu, devices)
    except RuntimeError:  # TensorFlow has begun to use the device as one
        raise ClusterError(
            "Without a GPU, mirrored needs a process in which TensorFlow has not run yet, to show its CPU as two "
            "devices, but here it has. Train through Trainer (03_train), which starts one, or by one_device."
        ) from None
    return tf.distribute.MirroredStrategy([f"CPU:{number}" for number in range(_LOGICAL_CPUS)])
