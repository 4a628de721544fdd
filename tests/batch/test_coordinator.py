"""Runs of several notebooks: side by side, again after an accident, and not at all when nothing changed."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path

import nbformat
import pytest

from kit.batch import record as record_module
from kit.batch import unchanged
from kit.batch.admission import Budget
from kit.batch.order import Part
from kit.batch.record import RunRecord, list_runs
from kit.batch.run import RunOptions, preview, run_chain
from kit.errors import ExitCode

from .conftest import WriteNotebook

TWO = RunOptions(kernel_name="python3", budget=Budget(2, 100_000))
MEET = """import pathlib, time
pathlib.Path(mine).touch()
deadline = time.monotonic() + 60
while not pathlib.Path(other).exists():
    assert time.monotonic() < deadline
    time.sleep(0.05)"""
STEP = """import json, os
with open(os.environ["KIT_RUN_FOLDER"] + "/steps.jsonl", "a") as file:
    step = {"step": "S" + mine[-1], "state": "done", "seconds": 1.0, "kernel": os.environ["KIT_KERNEL"]}
    print(json.dumps({**step, "state": "running", "seconds": 0.5, "said": "7 rows"}), file=file)
    print(json.dumps(step), file=file)"""


def tell(path: Path, **facts: object) -> Path:
    """Write into a notebook's metadata what it says of itself."""
    content = nbformat.read(path, as_version=4)
    content.metadata["kit"] = facts
    nbformat.write(content, path)
    return path


def states(record: RunRecord) -> dict[str, str]:
    return {row.name: row.state for row in record.notebooks}


def test_independent_notebooks_run_side_by_side_and_their_steps_are_told_apart(
    write_notebook: WriteNotebook, tmp_path: Path
) -> None:
    # Each ends only once the other has begun.
    a, b = (f'"{tmp_path / name}"' for name in "ab")
    first = write_notebook("01_a", f"mine: str = {a}\nother: str = {b}", MEET, STEP)
    second = write_notebook("02_b", f"mine: str = {b}\nother: str = {a}", MEET, STEP)
    said: list[str] = []
    record = run_chain([tell(first, needs=[]), tell(second, needs=[])], {}, tmp_path / "ws", TWO, said.append)
    assert states(record) == {"01_a": "done", "02_b": "done"}
    assert "[01_a] Sa  still running  0 s, 7 rows" in said
    assert {(step.notebook, step.step) for step in record.steps} == {("01_a", "Sa"), ("02_b", "Sb")}
    assert all(row.peak_memory_mb > 5 for row in record.notebooks)
    assert all(0 < row.kernel_seconds < (row.seconds or 0) for row in record.notebooks)


def test_a_failure_stops_what_needs_it_and_the_rest_ends(
    write_notebook: WriteNotebook, tmp_path: Path
) -> None:
    paths = [
        tell(write_notebook("01_bad", "a: int = 1", "1 / 0"), needs=[]),
        tell(write_notebook("02_needs", "a: int = 1"), needs=["01_bad"]),
        tell(write_notebook("03_other", "a: int = 1"), needs=[]),
    ]
    record = run_chain(paths, {}, tmp_path / "ws", TWO, lambda _: None)
    assert states(record) == {"01_bad": "failed", "02_needs": "pending", "03_other": "done"}
    assert record.exit_code == ExitCode.STEP_FAILED
    lost = next(row for row in record.notebooks if row.name == "02_needs")
    assert lost.why == "not run, since it needs 01_bad"
    assert lost.why in (tmp_path / "ws" / "runs" / record.run_id / "report.html").read_text()


def test_a_kernel_that_dies_once_is_replaced_and_the_record_tells_of_it(
    write_notebook: WriteNotebook, tmp_path: Path
) -> None:
    died = tmp_path / "died"
    dying = f"import os, pathlib\nif not pathlib.Path({str(died)!r}).exists():\n"
    dying += f"    pathlib.Path({str(died)!r}).touch()\n    os._exit(3)"
    path = write_notebook("01_a", "a: int = 1", dying)
    said: list[str] = []
    record = run_chain([path], {}, tmp_path / "ws", TWO, said.append)
    assert record.exit_code == 0
    assert [attempt.error for attempt in record.notebooks[0].attempts] == ["DeadKernelError"]
    assert record.failures == []
    assert any("the kernel died after" in line and "attempt 2 of 3 in 1 s" in line for line in said)
    assert "attempt 1 ended after" in (tmp_path / "ws" / "runs" / record.run_id / "report.html").read_text()


def test_a_notebook_has_a_time_limit_of_its_own(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    path = tell(write_notebook("01_a", "a: int = 1", "import time\ntime.sleep(60)"), timeout_seconds=2)
    record = run_chain([path], {}, tmp_path / "ws", TWO, lambda _: None)
    assert record.exit_code == ExitCode.OUT_OF_TIME
    assert record.failure is not None
    assert "`timeout_seconds` in its metadata" in record.failure.reason


@pytest.fixture
def ran(
    write_notebook: WriteNotebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[list[Path], Path]:
    """Two notebooks that say what they read, which have run, and code that nobody else changes."""
    monkeypatch.setattr(unchanged, "CHECKOUT", tmp_path)
    first = write_notebook("01_a", "epochs: int = 1\nseed: int = 7", "epochs")
    second = write_notebook("02_b", "seed: int = 7", "seed")
    workspace = tmp_path / "ws"
    (workspace / "given").mkdir(parents=True)
    (workspace / "given" / "file").write_text("a")
    paths = [tell(first, needs=[], reads=["given"]), tell(second, needs=["01_a"], reads=[])]
    assert run_chain(paths, {}, workspace, TWO, lambda _: None).exit_code == 0
    return paths, workspace


def test_what_is_unchanged_is_skipped_and_says_so_in_a_line(ran: tuple[list[Path], Path]) -> None:
    paths, workspace = ran
    said: list[str] = []
    record = run_chain(paths, {}, workspace, TWO, said.append)
    assert states(record) == {"01_a": "skipped", "02_b": "skipped"}
    assert (record.exit_code, record.state) == (0, "done")
    [before, _] = list_runs(workspace / "runs")
    assert {one.unchanged_since for one in record.notebooks} == {before.run_id}
    assert f"[01_a] skipped, unchanged since {before.run_id}: inputs" in "\n".join(said)
    again = run_chain(paths, {}, workspace, TWO, lambda _: None)
    assert states(again) == {"01_a": "skipped", "02_b": "skipped"}
    forced = RunOptions(kernel_name="python3", skip=False, part=Part(only=("02_b",)))
    assert states(run_chain(paths, {}, workspace, forced, lambda _: None)) == {"02_b": "done"}


def test_a_clock_that_was_ahead_once_does_not_end_the_skipping(
    ran: tuple[list[Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    paths, workspace = ran
    tomorrow = record_module.now() + dt.timedelta(days=1)
    with monkeypatch.context() as ahead:
        ahead.setattr(record_module, "now", lambda: tomorrow)
        assert states(run_chain(paths, {"seed": 8}, workspace, TWO, lambda _: None))["01_a"] == "done"
    assert states(run_chain(paths, {"seed": 9}, workspace, TWO, lambda _: None))["01_a"] == "done"
    again = run_chain(paths, {"seed": 9}, workspace, TWO, lambda _: None)
    assert states(again) == {"01_a": "skipped", "02_b": "skipped"}
    assert [one.number for one in list_runs(workspace / "runs")] == [1, 2, 3, 4]
    assert states(run_chain(paths, {"seed": 8}, workspace, TWO, lambda _: None))["01_a"] == "done"


def test_each_change_is_named_and_makes_only_those_run_that_it_concerns(
    ran: tuple[list[Path], Path], tmp_path: Path
) -> None:
    paths, workspace = ran
    assert _would(paths, workspace) == {"01_a": ("skip", ""), "02_b": ("skip", "")}
    assert _would(paths, workspace, epochs="2") == {"01_a": ("run", "parameters"), "02_b": ("run?", "")}
    assert _would(paths, workspace, seed="8") == {
        "01_a": ("run", "parameters"),
        "02_b": ("run", "parameters"),
    }
    (workspace / "given" / "file").write_text("another")
    assert _would(paths, workspace) == {"01_a": ("run", "what it reads"), "02_b": ("run?", "")}
    first = preview(paths, {}, tmp_path / "another", TWO)
    assert first[0].why == "its first run here"
    content = json.loads(paths[1].read_text())
    content["cells"][-1]["source"] = ["seed + 1"]
    paths[1].write_text(json.dumps(content))
    assert _would(paths, workspace)["02_b"] == ("run", "the notebook")
    (tmp_path / "kit").mkdir()
    (tmp_path / "kit" / "new.py").touch()
    assert _would(paths, workspace)["02_b"] == ("run", "the notebook, code")
    assert len(list_runs(workspace / "runs")) == 1, "a preview runs nothing"


def test_a_notebook_of_the_same_name_in_another_folder_is_another_one(
    write_notebook: WriteNotebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unchanged, "CHECKOUT", tmp_path)
    workspace = tmp_path / "ws"
    path = tell(write_notebook("01_a", "a: int = 1", "open('data.txt').read()"), needs=[], reads=[])
    places = [tmp_path / "one", tmp_path / "two", workspace / "own"]
    for folder in places:
        folder.mkdir(parents=True)
        (folder / "data.txt").write_text(folder.name)
        shutil.copy(path, folder)
    for folder in places:
        assert states(run_chain([folder / path.name], {}, workspace, TWO, lambda _: None)) == {"01_a": "done"}
    for folder in places:
        assert states(run_chain([folder / path.name], {}, workspace, TWO, lambda _: None)) == {
            "01_a": "skipped"
        }
    workspace.rename(tmp_path / "moved")
    assert _would([tmp_path / "moved" / "own" / path.name], tmp_path / "moved") == {"01_a": ("skip", "")}


def _would(paths: list[Path], workspace: Path, **given: str) -> dict[str, tuple[str, str]]:
    """Return what would become of each notebook, and what has changed."""
    found = preview(paths, given, workspace, TWO)
    return {one.name: (one.what, _changed(one.why)) for one in found}


def _changed(why: str) -> str:
    return why.partition("changed since ")[2].partition(": ")[2] if why.startswith("changed") else ""


def test_what_a_notebook_needs_counts_though_it_is_not_in_the_run(
    write_notebook: WriteNotebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unchanged, "CHECKOUT", tmp_path)
    tell(write_notebook("01_a", "a: int = 1"), needs=[], reads=[])
    second = tell(write_notebook("02_b", "a: int = 1"), needs=["01_a"], reads=[])
    workspace = tmp_path / "ws"
    assert run_chain([second], {}, workspace, TWO, lambda _: None).exit_code == 0
    [one] = preview([second], {}, workspace, TWO)
    assert (one.what, "did not note what it found" in one.why) == ("run", True), (
        "nobody knows what 01_a has made"
    )
    run_chain([tmp_path / "01_a.ipynb"], {}, workspace, TWO, lambda _: None)
    run_chain([second], {}, workspace, TWO, lambda _: None)
    [one] = preview([second], {}, workspace, TWO)
    assert one.what == "skip"


def test_what_is_usual_here_comes_from_the_runs_before(ran: tuple[list[Path], Path]) -> None:
    paths, workspace = ran
    said: list[str] = []
    run_chain(paths, {"epochs": 3}, workspace, TWO, said.append)
    assert any(
        line.startswith("[01_a] started, usually ") and " s here; changed since" in line for line in said
    )
    [one, _] = preview(paths, {}, workspace, TWO)
    assert one.usual.here
    assert one.usual.memory_mb
    assert one.usual.memory_mb > 5
    told = tell(paths[0], needs=[], usual_seconds=40)
    [plain, *_] = preview([told], {}, workspace.with_name("other"), TWO)
    assert str(plain.usual) == "usually 40 s"
