"""A session runs steps once, one at a time, and finds what earlier ones made."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path

import pytest
from waiting import wait_until

from kit import warm
from kit.errors import StepOrderError, WorkspaceError
from kit.session import Session
from kit.steps import monitor
from kit.workspace import Workspace

from .workers import Other, Worker, open_session, run_in_session, states


def endings(session: Session) -> list[str]:
    return [step.state for step in session.steps]


def test_an_unchanged_step_comes_from_the_cache(session: Session) -> None:
    for text in ("one", "one", "two"):
        session.run(Worker(text=text))
    assert endings(session) == ["done", "cached", "done"]
    assert states(session) == ["COMPLETE", "CACHED", "COMPLETE"]


def test_another_session_finds_the_cache(session: Session) -> None:
    session.run(Worker(text="one"))
    later = open_session(session.workspace.path)
    later.run(Worker(text="one"))
    assert endings(later) == ["cached"]


def test_the_cache_can_be_left_out(session: Session) -> None:
    session.run(Worker(text="one"))
    session.run(Worker(text="one"), enable_cache=False)
    assert endings(session) == ["done", "done"]


def test_what_was_made_last_is_found_with_its_properties(session: Session) -> None:
    session.run(Worker(text="one"))
    session.run(Worker(text="two"))
    assert (session.path("Worker", "made") / "text").read_text() == "two"
    assert session.latest("Worker", "made").get_string_custom_property("text") == "two"
    assert session.properties("Worker")["text"] == "two"
    [artifact] = session.channel("Worker", "made").get()
    assert artifact.uri == session.latest("Worker", "made").uri


def test_who_only_looks_finds_what_was_made_and_leaves_nothing(session: Session, tmp_path: Path) -> None:
    session.run(Worker(text="one"))
    before = sorted(session.workspace.path.rglob("*"))
    looks = Session(Workspace(session.workspace.path, read_only=True), session.project)
    assert looks.properties("Worker")["text"] == "one"
    assert sorted(session.workspace.path.rglob("*")) == before
    with pytest.raises(StepOrderError, match=r"Nothing has run in .*elsewhere yet"):
        Session(Workspace(tmp_path / "elsewhere", read_only=True), session.project)
    assert not (tmp_path / "elsewhere").exists()


def test_a_workspace_that_was_deleted_meanwhile_is_missed_in_words(session: Session) -> None:
    shutil.rmtree(session.workspace.path)
    for look in (lambda: session.run(Worker(text="one")), lambda: session.path("Worker", "made")):
        with pytest.raises(WorkspaceError, match=r"has been deleted or moved.*again from its first cell"):
            look()
    assert not session.workspace.path.exists()


def test_history_has_the_latest_first_and_failures_never(session: Session) -> None:
    session.run(Worker(text="one"))
    with pytest.raises(Exception, match="gate"):
        session.run(Worker("miss gate", "gate"))
    session.run(Worker(text="two"))
    texts = [made["made"][0].get_string_custom_property("text") for _, made in session.history("Worker")]
    assert texts == ["two", "one"]


@pytest.mark.parametrize(
    ("component", "notebook"), [("Transform", "02_features"), ("Evaluator", "04_evaluate")]
)
def test_a_step_that_has_not_run_names_the_notebook_to_run(
    session: Session, component: str, notebook: str
) -> None:
    with pytest.raises(StepOrderError, match=f"Run {notebook} first"):
        session.latest(component, "anything")


def test_a_step_outside_the_chain_that_has_not_run_is_named(session: Session) -> None:
    with pytest.raises(StepOrderError, match="Worker must have run"):
        session.latest("Worker", "made")


def test_nothing_of_the_chain_is_done_in_a_new_workspace(session: Session) -> None:
    session.run(Worker())
    assert set(session.done().values()) == {False}


def test_progress_is_shown_while_a_step_runs(session: Session, shown: list[str]) -> None:
    session.run(Worker("linger"))
    assert any(line.startswith("Worker: running for ") and line.endswith(", half way") for line in shown)
    assert shown[-1] == str(session.steps[-1])
    assert shown[-1].startswith("Worker: done in ")


def test_a_batch_is_told_how_each_step_ended(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIT_RUN_FOLDER", str(tmp_path))
    session.run(Worker())
    session.run(Worker())
    with pytest.raises(Exception, match="gate"):
        session.run(Worker("miss gate", "gate"))
    lines = [json.loads(line) for line in (tmp_path / "steps.jsonl").read_text().splitlines()]
    assert [(line["step"], line["state"]) for line in lines] == [
        ("Worker", "done"),
        ("Worker", "cached"),
        ("Worker", "failed"),
    ]
    assert {line["log"] for line in lines} == {str(session.workspace.logs("chicago_taxi") / "Worker.log")}
    assert {type(line["seconds"]) for line in lines} == {float}


def test_a_batch_is_told_of_a_step_that_takes_long(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIT_RUN_FOLDER", str(tmp_path))
    monkeypatch.setattr(monitor, "_TOLD_AFTER", 0.6)
    session.run(Worker("linger"))
    lines = [json.loads(line) for line in (tmp_path / "steps.jsonl").read_text().splitlines()]
    assert [(line["step"], line["state"]) for line in lines][-1] == ("Worker", "done")
    assert {line["state"] for line in lines[:-1]} == {"running"}
    assert "half way" in {line["said"] for line in lines[:-1]}


def test_two_steps_run_at_the_same_time(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = dict[int, float]()
    monkeypatch.setattr("kit.steps.memory.memory_mb", lambda pid: seen.setdefault(pid, 100.0))
    door, other = tmp_path / "door", tmp_path / "other"
    both = threading.Thread(target=_open_when_both_wait, args=(seen, door, other))
    both.start()
    session.run_together(Worker("wait for", str(door)), Other("wait for", str(other)))
    both.join()
    assert sorted(step.step for step in session.steps) == ["Other", "Worker"]
    assert [step.peak_memory_mb for step in session.steps] == [100, 100]
    assert [step.together_mb for step in session.steps] == [200, 200]
    session.run_together(Worker("wait for", str(door)), Other("wait for", str(other)))
    assert endings(session) == ["done", "done", "cached", "cached"]


def _open_when_both_wait(seen: dict[int, float], *doors: Path) -> None:
    """Both have been looked at by then."""
    wait_until(lambda: all(Path(f"{door}.waiting").exists() for door in doors) and len(seen) > 1, 60)
    for door in doors:
        door.touch()


def test_a_second_session_waits_and_says_who_holds_the_workspace(
    session: Session, shown: list[str], tmp_path: Path
) -> None:
    door = tmp_path / "door"
    payload = json.dumps([str(session.workspace.path), "wait for", str(door)]).encode()
    target = f"{run_in_session.__module__}:{run_in_session.__name__}"
    with warm.start_call(target, payload, log_path=tmp_path / "kernel.log") as first:
        wait_until(Path(f"{door}.waiting").exists, 60)
        threading.Timer(2, door.touch).start()
        session.run(Worker(text="second"))
        assert isinstance(first.wait(20), warm.CallReturned)
    [message] = {line for line in shown if "in use" in line}
    assert f"in use by process {first.pid} (chicago_taxi, Worker, since" in message
    assert states(session) == ["COMPLETE", "COMPLETE"]
