"""A chain that is cut off in the middle of a step, and what the next run makes of it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from commands import KIT, kit_run, runs, states, versions
from processes import at_work, wait_until_nobody_works
from waiting import wait_until

pytestmark = [pytest.mark.alone, pytest.mark.slow, pytest.mark.notebook]
DATA_STEPS = ("ExampleGen", "StatisticsGen", "SchemaGen", "ExampleValidator")


@pytest.fixture
def workspace(small: Path, tmp_path: Path) -> Path:
    """A copy of the small project without what has run."""
    folder = tmp_path / "ws"
    shutil.copytree(small / "projects", folder / "projects")
    return folder


def start_until_it_transforms(workspace: Path, *words: str) -> subprocess.Popen[bytes]:
    """Start a batch and wait until Transform's process is at work."""
    process = subprocess.Popen(
        [KIT, "run", "-P", "small", "-w", workspace, *words], stdout=subprocess.DEVNULL
    )
    log = workspace / "logs" / "small" / "Transform.log"
    wait_until(lambda: (log.exists() and at_work(workspace)) or process.poll() is not None, 120)
    assert process.poll() is None
    return process


def test_a_killed_batch_leaves_no_process_and_goes_on_where_it_was(workspace: Path) -> None:
    process = start_until_it_transforms(workspace)
    process.kill()
    process.wait()
    wait_until_nobody_works(workspace, 15)
    assert versions(workspace, "small") == []

    again = kit_run("-P", "small", workspace=workspace)
    assert again.code == 0, again.errors
    first, second = runs(workspace)
    assert first["state"] == "killed"
    done = {step for step, state in states(second).items() if state == "done"}
    assert done == {
        "Transform",
        "Trainer",
        "Evaluator",
        "BlindSpotFinder",
        "InfraValidator",
        "LiteRTConverter",
        "Pusher",
        "LogStatisticsGen",
    }
    assert states(first).keys() >= set(DATA_STEPS), "what was done before is not done again"
    assert len(versions(workspace, "small")) == 1
    assert len(list((workspace / "artifacts/small/Transform/transform_graph").iterdir())) == 1


def test_an_interrupted_batch_stops_its_step_at_once(workspace: Path) -> None:
    process = start_until_it_transforms(workspace)
    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    wait_until_nobody_works(workspace, 5)
    assert process.wait(10) == 21
    assert time.monotonic() - started < 10
    assert states(runs(workspace)[0])["Transform"] == "interrupted"
    assert not list((workspace / "artifacts/small/Transform").glob("*/*"))


def test_a_killed_step_is_tried_again_and_the_record_says_so(workspace: Path) -> None:
    process = start_until_it_transforms(workspace, "--until", "02_features")
    kill_the_step(workspace)
    assert process.wait(90) == 0
    [record] = runs(workspace)
    [attempt] = record["notebooks"][-1]["attempts"]
    assert attempt["error"] == "StepDiedError"
    assert "signal" in attempt["reason"]
    assert states(record)["Transform"] == "done"


def test_a_killed_step_that_is_not_tried_again_ends_the_batch_and_says_so(workspace: Path) -> None:
    process = start_until_it_transforms(workspace, "--until", "02_features", "--retries", "0")
    kill_the_step(workspace)
    assert process.wait(90) == 20
    failure = runs(workspace)[0]["failure"]
    assert (failure["notebook"], failure["error"]) == ("02_features", "StepDiedError")


def kill_the_step(workspace: Path) -> None:
    log = workspace / "logs/small/Transform.log"
    deadline = time.monotonic() + 120
    while not (steps := [pid for pid in at_work(workspace) if is_the_step(pid, log)]):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    [step] = steps
    os.kill(step, signal.SIGKILL)


def is_the_step(pid: int, log: Path) -> bool:
    """Tell whether a process prints to a step's log and leads a session.

    The kernel opens the log to hand it over, but prints elsewhere; what a step starts prints there too, but in the
    step's session.
    """
    with suppress(psutil.Error, OSError):
        printed_to = {file.path for file in psutil.Process(pid).open_files() if file.fd == 1}
        return str(log) in printed_to and os.getsid(pid) == pid
    return False
