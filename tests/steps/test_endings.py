"""However a step ends, ML Metadata tells the truth and nothing is left behind."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from processes import wait_until_ended
from waiting import wait_until

from kit import warm
from kit.errors import NotBlessedError, StepFailedError
from kit.lineage.read import read_graph
from kit.session import Session
from kit.workspace import Workspace

from .workers import Other, Worker, open_session, run_both_in_session, run_in_session, states


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
    wait_until_ended(*step["processes"], seconds=3)
    session = open_session(tmp_path / "ws")
    assert states(session) == ["FAILED"]
    assert not outputs(session)
    assert not Path(step["file"]).exists()


def test_a_killed_session_is_cleaned_up_by_the_next_one(tmp_path: Path) -> None:
    kernel, step = start_sleeping(tmp_path)
    os.kill(kernel.pid, signal.SIGKILL)
    assert isinstance(kernel.wait(20), warm.CallDied)
    wait_until_ended(*step["processes"], seconds=5)
    assert Path(step["file"]).exists(), "nobody was there to remove it"

    session = open_session(tmp_path / "ws")
    assert states(session) == ["FAILED"]
    assert not outputs(session)
    assert not Path(step["file"]).exists()
    session.run(Worker("write", "after all"))
    assert session.latest("Worker", "made").get_string_custom_property("text") == "after all"


@pytest.mark.parametrize("other", ["write", "sleep"])
def test_of_two_at_once_whose_session_is_killed_the_one_that_ended_is_not_done_again(
    tmp_path: Path, other: str
) -> None:
    place, first, second = tmp_path / "ws", str(tmp_path / "first"), str(tmp_path / "second")
    payload = json.dumps([str(place), [other, first], ["sleep", second]]).encode()
    target = f"{run_both_in_session.__module__}:{run_both_in_session.__name__}"
    kernel = warm.start_call(target, payload, log_path=tmp_path / "kernel.log")
    ended = {
        "write": {"Other": "complete", "Worker": "running"},
        "sleep": {"Other": "running", "Worker": "running"},
    }
    sleeping = [Path(second)] if other == "write" else [Path(first), Path(second)]
    wait_until(
        lambda: all(marker.exists() for marker in sleeping) and executions_of(place) == ended[other], 60
    )
    os.kill(kernel.pid, signal.SIGKILL)
    assert isinstance(kernel.wait(20), warm.CallDied)
    steps = [json.loads(marker.read_text()) for marker in sleeping]
    wait_until_ended(*(pid for step in steps for pid in step["processes"]), seconds=5)

    session = open_session(place)
    assert sorted(states(session)) == (["COMPLETE", "FAILED"] if other == "write" else ["FAILED", "FAILED"])
    assert not outputs(session)
    assert not any(Path(step["file"]).exists() for step in steps)
    session.run_together(Other("write", first), Worker("write", "after all"))
    found = {step.step: step.state for step in session.steps}
    assert found == {"Other": "cached" if other == "write" else "done", "Worker": "done"}
    for component, text in (("Other", first), ("Worker", "after all")):
        assert (session.path(component, "made") / "text").read_text() == text


def executions_of(place: Path) -> dict[str, str]:
    """Return how far each component is, as another process sees it."""
    nodes = read_graph(Workspace(place)).nodes.values()
    return {node.name: node.state for node in nodes if node.kind == "execution"}
