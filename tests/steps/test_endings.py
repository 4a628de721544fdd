"""However a step ends, ML Metadata tells the truth and nothing is left behind."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from kit import warm
from kit.errors import NotBlessedError, StepFailedError
from kit.session import Session

from .conftest import wait_until
from .workers import Other, Worker, open_session, run_in_session, states


def outputs(session: Session) -> list[Path]:
    return list(Path(session.pipeline_root).glob("Worker/made/*"))


def temporary_files(session: Session) -> list[Path]:
    return list((Path(session.pipeline_root) / ".temp").glob("*"))


def start_sleeping(tmp_path: Path) -> tuple[warm.WarmCall, dict[str, Any]]:
    """Start a process that runs a step in a session, and wait until the step sleeps."""
    marker = tmp_path / "marker"
    payload = json.dumps([str(tmp_path / "ws"), "sleep", str(marker)]).encode()
    target = f"{run_in_session.__module__}:{run_in_session.__name__}"
    kernel = warm.start_call(target, payload, log_path=tmp_path / "kernel.log")
    wait_until(lambda: marker.exists() or kernel.wait(0) is not None, 60)
    assert kernel.wait(0) is None, (tmp_path / "kernel.log").read_text()
    return kernel, json.loads(marker.read_text())


def gone(processes: list[int]) -> bool:
    alive = [psutil.Process(pid) for pid in processes if psutil.pid_exists(pid)]
    return all(process.status() == psutil.STATUS_ZOMBIE for process in alive)


def test_an_error_of_the_kit_keeps_its_type_and_message(session: Session) -> None:
    with pytest.raises(NotBlessedError, match=r"^auc must be 0\.8, is 0\.7$"):
        session.run(Worker("miss gate", "auc must be 0.8, is 0.7"))
    assert session.steps[-1].state == "failed"


def test_any_other_error_names_its_place_and_the_log(session: Session) -> None:
    with pytest.raises(StepFailedError) as caught:
        session.run(Worker("crash", "no such luck"))
    log = session.workspace.logs("chicago_taxi") / "Worker.log"
    assert "Worker failed: ZeroDivisionError: no such luck" in str(caught.value)
    assert "workers.py" in str(caught.value)
    assert str(log) in str(caught.value)
    assert "in _crash" in log.read_text()


def test_a_process_that_dies_is_told_with_its_exit_code(session: Session) -> None:
    with pytest.raises(StepFailedError, match="exit code 7"):
        session.run(Worker("die"))


@pytest.mark.parametrize("act", ["miss gate", "crash", "die"])
def test_a_failed_step_is_recorded_as_failed_and_leaves_nothing(session: Session, act: str) -> None:
    with pytest.raises((NotBlessedError, StepFailedError)):
        session.run(Worker(act))
    assert states(session) == ["FAILED"]
    assert not outputs(session)
    assert not temporary_files(session)
    session.run(Worker())
    assert states(session) == ["FAILED", "COMPLETE"]
    assert not temporary_files(session)


def test_of_two_at_once_one_may_fail_and_the_other_is_kept(session: Session) -> None:
    with pytest.raises(NotBlessedError, match="gate"):
        session.run_together(Other(text="kept"), Worker("miss gate", "gate"))
    assert sorted((step.step, step.state) for step in session.steps) == [
        ("Other", "done"),
        ("Worker", "failed"),
    ]
    assert not outputs(session)
    assert not temporary_files(session)
    assert session.latest("Other", "made").get_string_custom_property("text") == "kept"


@pytest.mark.alone
def test_an_interrupt_ends_the_step_within_three_seconds(tmp_path: Path) -> None:
    kernel, step = start_sleeping(tmp_path)
    started = time.monotonic()
    os.kill(kernel.pid, signal.SIGINT)
    outcome = kernel.wait(20)
    assert time.monotonic() - started < 3
    assert isinstance(outcome, warm.CallRaised)
    assert isinstance(outcome.exception(), KeyboardInterrupt)
    wait_until(lambda: gone(step["processes"]), 3)
    session = open_session(tmp_path / "ws")
    assert states(session) == ["FAILED"]
    assert not outputs(session)
    assert not Path(step["file"]).exists()


def test_a_killed_session_is_cleaned_up_by_the_next_one(tmp_path: Path) -> None:
    kernel, step = start_sleeping(tmp_path)
    os.kill(kernel.pid, signal.SIGKILL)
    assert isinstance(kernel.wait(20), warm.CallDied)
    wait_until(lambda: gone(step["processes"]), 5)
    assert Path(step["file"]).exists(), "nobody was there to remove it"

    session = open_session(tmp_path / "ws")
    assert states(session) == ["FAILED"]
    assert not outputs(session)
    assert not Path(step["file"]).exists()
    session.run(Worker("write", "after all"))
    assert session.latest("Worker", "made").get_string_custom_property("text") == "after all"
