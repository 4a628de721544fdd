"""By the name of a strategy: one device, mirrored devices, and what cannot be had is said."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import tensorflow as tf

from kit import warm
from kit.errors import ClusterError, UsageError
from kit.training import strategies
from kit.training.cluster.tf_config import VARIABLE, PortError
from kit.training.curves import read_curves
from kit.training.job import Job

from .cluster.jobs import SECONDS, by, returned, start

if TYPE_CHECKING:
    from pathlib import Path

    from kit.training.config import Strategy

NEAR = 0.02  # of an AUC of some hundred rows; what random layers draw differs


def auc_by(job: Job, strategy: Strategy, folder: Path) -> float:
    placed = replace(by(job, strategy), run_dir=str(folder / "run"), model_dir=str(folder / "model"))
    folder.mkdir()
    with start(placed) as call:
        returned(call, placed)
    return float(read_curves(placed.run)["validation auc"].iloc[-1])


def test_mirrored_devices_learn_what_one_learns(job: Job, tmp_path: Path) -> None:
    one = auc_by(job, "one_device", tmp_path / "one")
    two = auc_by(job, "mirrored", tmp_path / "two")
    assert one > 0.6
    assert two == pytest.approx(one, abs=NEAR)


def test_a_cpu_that_tensorflow_uses_as_one_cannot_become_two(job: Job) -> None:
    assert tf.constant(1).numpy() == 1  # TensorFlow has begun
    with pytest.raises(ClusterError, match="needs a process in which TensorFlow has not run yet"):
        strategies.run(by(job, "mirrored"))


def test_a_member_whose_port_is_busy_says_so_at_once(job: Job) -> None:
    with socket.create_server(("", 0)) as busy:
        port = busy.getsockname()[1]
        cluster = {"worker": [f"localhost:{port}", "localhost:1"]}
        config = json.dumps({"cluster": cluster, "task": {"type": "worker", "index": 0}})
        with start(by(job, "multi_worker_mirrored"), **{VARIABLE: config}) as call:
            outcome = call.wait(SECONDS)
    assert isinstance(outcome, warm.CallRaised)
    error = outcome.exception()
    assert isinstance(error, PortError)
    assert error.port == port


def test_a_job_goes_to_another_process_as_it_is(job: Job) -> None:
    whole = replace(job, data={"spans": "1-6"}, stop_after_steps=3)
    assert Job.from_json(whole.to_json()) == whole


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"train_files": [], "eval_files": [], "training": {}}'])
def test_what_is_no_job_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="must be JSON as `kit train-cluster --manifests` writes it"):
        Job.from_json(text)
