"""Where the time of a run went, as a table, as bars and in the report."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from commands import kit_command
from small_notebooks import write_notebook

from kit.batch.flame_page import COLOURS
from kit.batch.record import RunRecord
from kit.batch.run import RunOptions, run_chain
from kit.batch.times import ALL_KINDS, Frame, flame, latest_flame, times_of
from kit.errors import UsageError

CELL = """import json, pathlib, time
times = pathlib.Path(os.environ["KIT_TIMES"])
times.parent.mkdir(exist_ok=True)
for number, kind in enumerate(["Beam graph", "Beam execution"]):
    frames = ["kit.steps.child: run_executor", f"apache_beam: {kind[5:]}"]
    seen = {"seconds": 0.3, "stacks": [{"frames": frames, "kind": kind, "seconds": 0.3}]}
    times.with_name(f"{times.stem}.Transform.{number}.json").write_text(json.dumps(seen))
exec(compile("time.sleep(0.6)", "/x/kit/steps/launcher.py", "exec"))  # waits for those
time.sleep(0.6)"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunRecord, Path, Path]:
    """A run of a notebook that says what its steps have seen, its folder and its workspace."""
    folder = tmp_path_factory.mktemp("times")
    notebook = write_notebook(folder / "01_a.ipynb", f"import os\n{CELL}", kernel="python3")
    record = run_chain([notebook], {}, folder / "ws", RunOptions(kernel_name="python3"), lambda _: None)
    assert record.exit_code == 0
    return record, folder / "ws" / "runs" / record.run_id, folder / "ws"


def test_every_second_of_a_notebook_is_in_one_place(ran: tuple[RunRecord, Path, Path]) -> None:
    record, folder, _ = ran
    own, *steps = times_of(record, folder)
    assert [(line.notebook, line.step) for line in steps] == [("01_a", "Transform")] * 2
    assert [line.kinds for line in steps] == [{"Beam graph": 0.3}, {"Beam execution": 0.3}]
    assert own.kinds["kernel start"] == record.notebooks[0].kernel_seconds > 0
    assert own.kinds["other"] > 0.4, "the sleep"
    assert own.seconds + 0.6 == pytest.approx(record.notebooks[0].seconds, abs=0.2)
    assert {kind for line in (own, *steps) for kind in line.kinds} <= set(ALL_KINDS)


def test_the_bars_say_the_same(ran: tuple[RunRecord, Path, Path]) -> None:
    record, folder, _ = ran
    root = flame(record, folder)
    assert latest_flame(ran[2]) == latest_flame(ran[2], record.run_id) == root
    [notebook] = root.children
    assert notebook.name == "01_a"
    assert root.seconds == notebook.seconds
    # What was sampled is a little more or less than what the clock says.
    assert root.seconds == pytest.approx(record.notebooks[0].seconds, abs=0.2)
    names = [child.name for child in notebook.children]
    assert {"kernel start", "Transform"} <= set(names)
    transform = notebook.children[names.index("Transform")]
    assert [child.name for child in transform.children[0].children] == ["apache_beam: graph"]
    assert _no_child_is_longer(root)


def test_a_run_that_goes_on_is_not_the_latest(ran: tuple[RunRecord, Path, Path], tmp_path: Path) -> None:
    record, folder, _ = ran
    shutil.copytree(folder, tmp_path / "runs" / record.run_id)
    later = record.model_copy(update={"run_id": f"{record.run_id}-2", "state": "running"})
    later.save(shutil.copytree(folder, tmp_path / "runs" / later.run_id))
    assert latest_flame(tmp_path).name == record.run_id


def _no_child_is_longer(frame: Frame) -> bool:
    return sum(child.seconds for child in frame.children) <= frame.seconds + 0.01 and all(
        _no_child_is_longer(child) for child in frame.children
    )


def test_the_report_and_the_command_line_tell_it(ran: tuple[RunRecord, Path, Path]) -> None:
    record, folder, workspace = ran
    page = (folder / "report.html").read_text()
    assert "Where the time went" in page
    assert COLOURS["Beam graph"] in page
    answer = kit_command("runs", "-w", workspace, "--times", "last")
    assert answer.code == 0, answer.errors
    head, own, step, *_, total = answer.output.splitlines()
    assert head.split()[:3] == ["seconds", "of", "all"]
    assert own.split()[0] == "01_a"
    assert step.split()[:2] == ["Transform", "0.3"]
    assert total.split()[0] == "all"
    assert kit_command("runs", "-w", workspace, "--times", record.run_id).output == answer.output


def test_a_run_that_is_not_there_is_explained(ran: tuple[RunRecord, Path, Path]) -> None:
    answer = kit_command("runs", "-w", ran[2], "--times", "yesterday")
    assert answer.code == 2
    assert "'yesterday' is not one. `kit runs` lists them." in answer.errors


def test_the_last_run_of_a_workspace_without_any_is_explained(tmp_path: Path) -> None:
    answer = kit_command("runs", "-w", tmp_path, "--times", "last")
    assert answer.code == 2
    assert f"Nothing has run in {tmp_path} yet." in answer.errors


def test_bars_of_a_run_that_is_not_there_are_explained(tmp_path: Path) -> None:
    assert latest_flame(tmp_path) == Frame("no run"), "which a view tells in words"
    with pytest.raises(UsageError, match="the run 'x', but does not"):
        latest_flame(tmp_path, "x")


def test_every_kind_has_a_colour() -> None:
    assert set(COLOURS) == set(ALL_KINDS)
