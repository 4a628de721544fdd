from __future__ import annotations

import errno
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
import yaml

from kit import errors
from kit.batch import record, report
from kit.batch.record import list_runs
from kit.batch.run import RunOptions, explain, run_chain
from kit.errors import ExitCode, KitError
from kit.workspace import write_atomically

from .conftest import WriteNotebook

PLAIN = RunOptions(kernel_name="python3", retries=0)
STEP = """import json, os
with open(os.environ["KIT_RUN_FOLDER"] + "/steps.jsonl", "a") as file:
    step = {"step": "StatisticsGen", "state": "done", "seconds": 2.3, "log": "x.log"}
    step["kernel"] = os.environ["KIT_KERNEL"]
    print(json.dumps(step), file=file)"""


def run_json(workspace: Path) -> dict[str, Any]:
    (path,) = workspace.glob("runs/*/run.json")
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def test_a_good_run_leaves_a_complete_record(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    first = write_notebook("01_a", 'workspace: str = "workspace"\nepochs: int = 5  # 1 to 10', STEP)
    second = write_notebook("02_b", "epochs: int = 6", "print('epochs are', epochs)")
    said: list[str] = []
    workspace = tmp_path / "ws"
    record = run_chain([first, second], {"epochs": "9"}, workspace, PLAIN, said.append)

    written = run_json(workspace)
    folder = workspace / "runs" / record.run_id
    assert (written["state"], written["exit_code"], written["failure"]) == ("done", 0, None)
    assert [(n["name"], n["state"]) for n in written["notebooks"]] == [("01_a", "done"), ("02_b", "done")]
    assert written["notebooks"][0]["parameters"] == {"workspace": str(workspace), "epochs": 9}
    assert written["steps"][0]["notebook"] == "01_a"
    assert written["versions"]["papermill"]
    assert "[01_a] StatisticsGen  done  2.3 s" in said
    assert "[01_a] StatisticsGen  done  2.3 s" in (folder / "log.txt").read_text()
    executed = nbformat.read(folder / "02_b.ipynb", as_version=4)
    assert executed.cells[-1].outputs[0].text == "epochs are 9\n"
    assert yaml.safe_load((folder / "parameters.yml").read_text()) == {
        "workspace": str(workspace),
        "epochs": 9,
    }
    assert not list(folder.glob("*.running.ipynb"))


def test_a_run_stops_at_the_failing_cell_and_says_why(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    raising = (
        "from kit.errors import NotBlessedError\nraise NotBlessedError('auc must be 0.7, is 0.6. Train.')"
    )
    first = write_notebook("01_a", "a: int = 1", "print(1)", raising)
    second = write_notebook("02_b", "a: int = 1")
    record = run_chain([first, second], {}, tmp_path / "ws", PLAIN, lambda _: None)

    written = run_json(tmp_path / "ws")
    assert (written["state"], written["exit_code"]) == ("failed", 12)
    assert [n["state"] for n in written["notebooks"]] == ["failed", "pending"]
    assert written["failure"]["cell"] == 3
    lines = explain(record).splitlines()
    assert lines[-1] == "NotBlessedError: auc must be 0.7, is 0.6. Train."
    assert "Stopped in 01_a, cell 3 (exit code 12):" in lines
    assert not any("Traceback" in line for line in lines)
    command = next(line for line in lines if line.startswith("  kit run"))
    assert command.endswith(f" -w {tmp_path / 'ws'}"), "no notebook declares the workspace"
    executed = nbformat.read(tmp_path / "ws" / "runs" / record.run_id / "01_a.ipynb", as_version=4)
    assert executed.cells[-1].outputs[0].ename == "NotBlessedError"


ONE_OF_EACH_CODE = {
    error.exit_code: error
    for error in vars(errors).values()
    if isinstance(error, type) and issubclass(error, KitError)
}.values()


@pytest.mark.parametrize("error", ONE_OF_EACH_CODE, ids=lambda error: error.__name__)
def test_the_error_of_a_cell_decides_the_exit_code(
    write_notebook: WriteNotebook, tmp_path: Path, error: type[KitError]
) -> None:
    name = error.__name__
    path = write_notebook("01_a", "a: int = 1", f"from kit.errors import {name}\nraise {name}('found')")
    record = run_chain([path], {}, tmp_path / "ws", PLAIN, lambda _: None)
    assert record.exit_code == error.exit_code
    assert record.failure is not None
    assert record.failure.error == name


def test_any_other_error_is_a_failed_step(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    path = write_notebook("01_a", "a: int = 1", "1 / 0")
    record = run_chain([path], {}, tmp_path / "ws", PLAIN, lambda _: None)
    assert record.exit_code == ExitCode.STEP_FAILED
    assert "ZeroDivisionError: division by zero" in explain(record)


def test_a_dead_kernel_is_a_failed_step(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    path = write_notebook("01_a", "a: int = 1", "import os\nos._exit(3)")
    record = run_chain([path], {}, tmp_path / "ws", PLAIN, lambda _: None)
    assert record.exit_code == ExitCode.STEP_FAILED
    assert record.failure is not None
    assert record.failure.error == "DeadKernelError"
    assert (tmp_path / "ws" / "runs" / record.run_id / "report.html").exists()


@pytest.mark.parametrize("sleep", ["time.sleep(60)", "try: time.sleep(60)\nexcept KeyboardInterrupt: pass"])
def test_a_notebook_that_takes_too_long_is_stopped(
    write_notebook: WriteNotebook, tmp_path: Path, sleep: str
) -> None:
    path = write_notebook("01_a", "a: int = 1", f"import time\n{sleep}", "time.sleep(60)")
    options = RunOptions(timeout_seconds=3, kernel_name="python3")
    record = run_chain([path], {}, tmp_path / "ws", options, lambda _: None)
    assert (record.state, record.exit_code) == ("failed", ExitCode.OUT_OF_TIME)
    assert record.failure is not None
    assert record.failure.error == "OutOfTimeError"
    assert record.seconds < 15


def test_an_unusable_project_is_found_before_anything_runs(
    write_notebook: WriteNotebook, tmp_path: Path
) -> None:
    path = write_notebook("01_a", 'project_name: str = "chicago_taxi"')
    with pytest.raises(errors.ProjectError, match="chicago_taxi"):
        run_chain([path], {"project_name": "chicago_tax"}, tmp_path / "ws", PLAIN)
    assert list_runs(tmp_path / "ws" / "runs") == []


def test_a_report_that_cannot_be_written_does_not_change_how_a_run_ended(
    write_notebook: WriteNotebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(report, "write_report", full_disk)
    said: list[str] = []
    run_chain([write_notebook("01_a", "a: int = 1")], {}, tmp_path / "ws", PLAIN, said.append)
    assert run_json(tmp_path / "ws")["state"] == "done"
    assert "No space left" in said[-1]


def test_an_interrupt_between_two_notebooks_is_recorded(
    write_notebook: WriteNotebook, tmp_path: Path
) -> None:
    paths = [write_notebook(name, "a: int = 1") for name in ("01_a", "02_b")]

    def say(line: str) -> None:
        if line.startswith("[01_a] done"):
            signal.raise_signal(signal.SIGTERM)

    record = run_chain(paths, {}, tmp_path / "ws", PLAIN, say)
    assert (record.state, record.exit_code) == ("interrupted", ExitCode.INTERRUPTED)
    assert [n["state"] for n in run_json(tmp_path / "ws")["notebooks"]] == ["done", "pending"]
    assert "between two notebooks" in explain(record)


def test_an_unforeseen_error_is_recorded_as_a_failure(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    def say(line: str) -> None:
        if line.startswith("[01_a] started"):
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        run_chain([write_notebook("01_a", "a: int = 1")], {}, tmp_path / "ws", PLAIN, say)
    assert (run_json(tmp_path / "ws")["state"], run_json(tmp_path / "ws")["exit_code"]) == ("failed", 20)


LIMITED = """import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
from kit.cli import app
app()"""


def test_a_notebook_that_a_full_disk_cut_off_has_no_final_name(
    write_notebook: WriteNotebook, tmp_path: Path
) -> None:
    path = write_notebook("01_a", "a: int = 1", "print('x' * 300_000)")
    command = [sys.executable, "-c", LIMITED, "run", str(path), "-w", str(tmp_path / "ws")]
    done = subprocess.run(
        [*command, "--retries", "0"], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 20, done.stderr
    written = run_json(tmp_path / "ws")
    assert (written["state"], written["notebooks"][0]["executed"]) == ("failed", None)
    [left] = tmp_path.glob("ws/runs/*/*.ipynb")
    assert left.name == "01_a.running.ipynb"


def test_a_run_that_a_full_disk_ended_has_room_to_say_so(
    write_notebook: WriteNotebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(path: Path, content: str) -> None:
        room = list(path.parent.glob(".room"))
        if room and "running" in content:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        write_atomically(path, content)

    monkeypatch.setattr(record, "write_atomically", write)
    with pytest.raises(OSError, match="No space left"):
        run_chain([write_notebook("01_a", "a: int = 1")], {}, tmp_path / "ws", PLAIN, lambda _: None)
    assert (run_json(tmp_path / "ws")["state"], run_json(tmp_path / "ws")["exit_code"]) == ("failed", 20)
    assert not list(tmp_path.glob("ws/runs/*/.room"))
