"""The role that one process plays in a cluster."""

from __future__ import annotations

import os
from dataclasses import replace

import tensorflow as tf

from kit.training import loop
from kit.training.cluster.crew_record import MEMBERS
from kit.training.cluster.multi_worker import MultiWorkerDistribution
from kit.training.cluster.parameter_server import ParameterServerDistribution, serve
from kit.training.cluster.tf_config import CHIEF, MULTI_WORKER, Place, check_port
from kit.training.job import Job


def play(job: Job, place: Place) -> None:
    """Train in this process's role; a worker or parameter server of a chief serves until it is ended.

    Raises:
        PortError: when somebody else listens on its port.
    """
    check_port(place.member.port)
    if place.cluster.strategy == MULTI_WORKER:
        own = job if place.is_chief else for_helper(job, place)
        loop.train(own, MultiWorkerDistribution(tf.distribute.MultiWorkerMirroredStrategy()))
        return
    os.environ["GRPC_FAIL_FAST"] = "use_caller"  # calls to a missing process fail instead of waiting for it
    if place.member.role != CHIEF:
        serve(place)
    loop.train(job, ParameterServerDistribution(place))


def for_helper(job: Job, place: Place) -> Job:
    """Return the job of a worker other than the chief: it computes the same, but writes no results."""
    folder = job.run / MEMBERS / place.member.name
    return replace(job, run_dir=str(folder / "run"), model_dir="")
