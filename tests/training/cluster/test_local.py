"""Clusters of real processes: they train, lose members and go on, and nobody is left behind."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from processes import wait_until_ended

from kit import warm
from kit.errors import ClusterError, ProjectError
from kit.training.cluster.crew_record import MEMBERS, CrewRecord, MemberRecord
from kit.training.cluster.tf_config import VARIABLE
from kit.training.config import Strategy
from kit.training.curves import read_curves
from kit.training.job import ROWS_FILE, Job
from kit.training.progress import DONE, STOPPED, Progress, request_stop

from .jobs import EPOCHS, SECONDS, by, returned, start

# Five processes on two cores are enough by themselves.
pytestmark = pytest.mark.alone

FEW_STEPS = {"batch_size": 16}  # an epoch, where members wait for one another at each
MULTI_WORKER: Strategy = "multi_worker_mirrored"
PARAMETER_SERVER: Strategy = "parameter_server"


def crew(job: Job) -> CrewRecord | None:
    return CrewRecord.read(job.run / MEMBERS)


def running(job: Job) -> dict[str, MemberRecord]:
    record = crew(job)
    return {member.name: member for member in record.members if member.pid} if record else {}


def pids(members: dict[str, MemberRecord]) -> list[int]:
    return [member.pid for member in members.values()]


def wait_for(call: warm.WarmCall, job: Job, is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not is_so():
        assert call.wait(0.05) is None, (job.run.parent / "log").read_text()
        assert time.monotonic() < deadline, (job.run.parent / "log").read_text()


def epoch(job: Job) -> int:
    progress = Progress.read(job.run)
    return progress.epoch if progress else 0


def assert_done(job: Job, state: str = DONE) -> None:
    """Check that the model is there, and that of the members only their logs are."""
    assert (Path(job.model_dir) / "saved_model.pb").exists()
    assert json.loads((job.run / ROWS_FILE).read_text())["train"] > 0
    progress = Progress.read(job.run)
    assert progress
    assert progress.state == state
    assert not Path(job.checkpoint).exists(), "nothing goes on with it"
    left = {path.name for path in (job.run / MEMBERS).iterdir() if path.suffix != ".log"}
    assert left == {"cluster.json"}
    wait_until_ended(*pids(running(job)), seconds=10)


def test_a_worker_that_is_killed_is_begun_again_with_all_others(job: Job) -> None:
    job = by(job, MULTI_WORKER, **FEW_STEPS)
    with start(job) as call:
        wait_for(call, job, lambda: epoch(job) >= 2)
        first = running(job)
        assert set(first) == {"worker-0", "worker-1"}
        os.kill(first["worker-1"].pid, signal.SIGKILL)
        wait_for(call, job, lambda: bool((record := crew(job)) and record.lost))
        returned(call, job)
    record = crew(job)
    assert record
    [lost] = record.lost
    assert lost == "worker-1 was lost (exit code -9); all begin again from the latest checkpoint"
    assert lost in (job.run.parent / "log").read_text()
    progress = Progress.read(job.run)
    assert progress
    assert progress.first_step > 0, "it went on, and did not begin anew"
    assert read_curves(job.run).index.tolist() == list(range(1, EPOCHS + 1))
    assert_done(job)
    wait_until_ended(*pids(first), seconds=10)


def test_a_served_worker_that_is_killed_is_replaced_while_training_goes_on(job: Job) -> None:
    job = by(job, PARAMETER_SERVER)
    with start(job) as call:
        wait_for(call, job, lambda: epoch(job) >= 2)
        first = running(job)
        assert set(first) == {"chief-0", "worker-0", "worker-1", "ps-0"}
        os.kill(first["worker-0"].pid, signal.SIGKILL)
        returned(call, job)
    record = crew(job)
    assert record
    assert list(record.lost) == ["worker-0 was lost (exit code -9); another takes its place"]
    last = running(job)
    assert last["chief-0"].pid == first["chief-0"].pid, "the chief has gone on"
    assert last["worker-0"].pid != first["worker-0"].pid
    assert last["worker-0"].address == first["worker-0"].address
    assert read_curves(job.run).index.tolist() == list(range(1, EPOCHS + 1))
    assert_done(job)
    wait_until_ended(*pids(first), seconds=10)


def test_a_parameter_server_that_is_killed_costs_an_epoch_at_most(job: Job) -> None:
    job = by(job, PARAMETER_SERVER, workers=1, parameter_servers=2)
    with start(job) as call:
        wait_for(call, job, lambda: epoch(job) >= 2)
        first = running(job)
        os.kill(first["ps-1"].pid, signal.SIGKILL)
        returned(call, job)
    record = crew(job)
    assert record
    assert list(record.lost) == ["ps-1 was lost (exit code -9); all begin again from the latest checkpoint"]
    progress = Progress.read(job.run)
    assert progress
    assert progress.first_step > 0, "it went on, and did not begin anew"
    assert_done(job)
    wait_until_ended(*pids(first), seconds=10)


@pytest.mark.parametrize(
    ("strategy", "settings"),
    [(MULTI_WORKER, FEW_STEPS), (PARAMETER_SERVER, {})],
    ids=[MULTI_WORKER, PARAMETER_SERVER],
)
def test_all_stop_when_somebody_wants_it(job: Job, strategy: Strategy, settings: dict[str, int]) -> None:
    job = by(job, strategy, epochs=500, **settings)
    with start(job) as call:
        wait_for(call, job, lambda: epoch(job) >= 2)
        request_stop(job.run)
        returned(call, job)
    assert 2 <= epoch(job) < 500
    assert_done(job, STOPPED)


def test_nobody_outlives_the_process_that_started_them(job: Job) -> None:
    job = by(job, PARAMETER_SERVER, epochs=500)
    with start(job) as call:
        wait_for(call, job, lambda: epoch(job) >= 1)
        first = running(job)
        assert len(first) == 4
        os.kill(call.pid, signal.SIGKILL)
        wait_until_ended(*pids(first), seconds=10)


def test_an_error_of_the_project_ends_all_and_arrives_as_it_is(job: Job) -> None:
    job = replace(by(job, MULTI_WORKER), project=str(job.run / "no project"))
    with start(job) as call:
        outcome = call.wait(SECONDS)
    assert isinstance(outcome, warm.CallRaised)
    assert isinstance(outcome.exception(), ProjectError)
    wait_until_ended(*pids(running(job)), seconds=10)


def test_a_config_that_fits_no_strategy_is_said_at_once(job: Job) -> None:
    job = by(job, PARAMETER_SERVER)
    config = {"cluster": {"worker": ["localhost:1"]}, "task": {"type": "worker", "index": 0}}
    with start(job, **{VARIABLE: json.dumps(config)}) as call:
        outcome = call.wait(SECONDS)
    assert isinstance(outcome, warm.CallRaised)
    error = outcome.exception()
    assert isinstance(error, ClusterError)
    assert "one chief, and workers" in str(error)
