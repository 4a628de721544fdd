"""The examination of a room's machines: each line by itself, and the command that prints them."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
from in_process import invoke

from kit import doctor
from kit.doctor import Check
from kit.projects import SAMPLE
from kit.workshop import readiness


def test_few_cores_and_little_memory_are_hints() -> None:
    assert readiness.check_cores(4).state == "ok"
    assert readiness.check_cores(1).state == "warn"
    assert readiness.check_memory(8_000_000_000).state == "ok"
    little = readiness.check_memory(4_000_000_000)
    assert (little.state, little.found) == ("warn", "4.0 GB")
    assert "6 GB are better" in little.what_to_do


def test_a_workspace_without_a_chain_says_how_to_run_it(tmp_path: Path) -> None:
    found = readiness.check_chain(tmp_path / "ws")
    assert found.state == "warn"
    assert f"kit run --workspace {tmp_path / 'ws'}" in found.what_to_do
    assert not (tmp_path / "ws").exists()


def test_the_usual_workspace_needs_the_shortest_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(readiness, "DEFAULT", tmp_path / "workspace")
    assert "s here: make run; the exercises" in readiness.check_chain(tmp_path / "workspace").what_to_do


def test_a_chain_that_has_run(tmp_path: Path) -> None:
    (tmp_path / "serving" / SAMPLE / "17").mkdir(parents=True)
    assert readiness.check_chain(tmp_path).state == "warn", "a version that ML Metadata knows nothing of"
    connection = sqlite3.connect(tmp_path / "metadata.sqlite")
    connection.executescript("CREATE TABLE Execution (id INTEGER); INSERT INTO Execution VALUES (1), (2);")
    connection.close()
    assert readiness.check_chain(tmp_path) == Check("the chain", "has run: 2 steps; versions pushed: 1")


def test_a_port_of_this_machine_answers_and_nothing_stays() -> None:
    before = threading.active_count()
    assert readiness.check_loopback().found == "HTTP 200 from a port of this machine"
    assert threading.active_count() == before


def test_a_kernel_that_does_not_start_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(**_: object) -> None:
        raise RuntimeError("Kernel died before replying")

    monkeypatch.setattr(readiness, "start_new_kernel", fails)
    assert readiness.check_kernel_start().state == "fail"


def test_the_class_folder(tmp_path: Path) -> None:
    assert readiness.check_class(tmp_path).state == "ok"
    assert list(tmp_path.iterdir()) == []
    assert readiness.check_class(tmp_path / "gone").state == "warn"


def test_the_command_looks_at_the_room_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Path, Path]] = []

    def looked(workspace: Path, class_folder: Path) -> list[Check]:
        asked.append((workspace, class_folder))
        return [Check("cores", "2")]

    monkeypatch.setattr(doctor, "check", lambda *_, **__: [Check("Python", "3.12")])
    monkeypatch.setattr(readiness, "check_readiness", looked)
    words = ["doctor", "--workshop", "--workspace", str(tmp_path), "--class-folder", str(tmp_path / "class")]
    ended = invoke(*words)
    assert ended.exit_code == 0, ended.output
    assert "cores" in ended.output
    assert asked == [(tmp_path, tmp_path / "class")]
