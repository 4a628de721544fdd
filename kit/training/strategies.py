"""From a strategy's name in project.yml to tf.distribute devices and processes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import tensorflow as tf

from kit.errors import ClusterError
from kit.steps import progress
from kit.training import loop
from kit.training.cluster import local, member
from kit.training.cluster.tf_config import ROLES, place_of_process
from kit.training.distribution import ShardedBatches
from kit.training.job import Job

_LOGICAL_CPUS = 2


def run(job: Job) -> None:
    """Train with the strategy of the job.

    A strategy of several processes starts them on this machine, unless TF_CONFIG says that this process is one of them.

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


def play_locally(payload: bytes, report: Callable[[str], None]) -> bytes:
    """Be a member of a cluster on this machine, in a process that `kit.training.cluster.local` has started.

    Args:
        payload: the job, as JSON.
        report: takes a line of progress.
    """
    progress.set_report(report)
    Path(os.environ["TMPDIR"]).mkdir(parents=True, exist_ok=True)
    run(Job.from_json(payload.decode()))
    return b""


def _mirrored() -> tf.distribute.MirroredStrategy:
    """Return a strategy of all GPUs of this machine, or else of its CPU as two devices."""
    if tf.config.list_physical_devices("GPU"):
        return tf.distribute.MirroredStrategy()
    [cpu] = tf.config.list_physical_devices("CPU")
    devices = [tf.config.LogicalDeviceConfiguration()] * _LOGICAL_CPUS
    try:
        tf.config.set_logical_device_configuration(cpu, devices)
    except RuntimeError:  # TensorFlow already uses the device as one
        raise ClusterError(
            "Without a GPU, mirrored needs a process in which TensorFlow has not run yet, to show its CPU as two "
            "devices, but here it has. Train through Trainer (03_train), which starts one, or by one_device."
        ) from None
    return tf.distribute.MirroredStrategy([f"CPU:{number}" for number in range(_LOGICAL_CPUS)])
