"""A batch that a kernel starts, and that goes on without it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from waiting import wait_until

from kit.batch.background import Batch

from .conftest import WriteNotebook

WAIT = "import time\nfrom pathlib import Path\nwhile not Path({path!r}).exists(): time.sleep(0.05)"


def start(notebook: Path, workspace: Path, *words: str) -> Batch:
    return Batch(["run", str(notebook), "--kernel", "python3", "-w", str(workspace), *words], workspace)


def test_a_batch_tells_how_far_it_is(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    go_on = tmp_path / "go on"
    step = (
        'import json, os\nwith open(os.environ["KIT_RUN_FOLDER"] + "/steps.jsonl", "a") as file:\n'
        '    step = {"step": "Trainer", "state": "done", "seconds": 2.3, "kernel": os.environ["KIT_KERNEL"]}\n'
        "    print(json.dumps(step), file=file)"
    )
    notebook = write_notebook("01_a", "epochs: int = 5", step, WAIT.format(path=str(go_on)))
    batch = start(notebook, tmp_path / "ws", "-p", "epochs=3")
    assert batch.progress().state == "starting"
    wait_until(lambda: bool(batch.progress().steps))
    now = batch.progress()
    assert (now.state, now.said, now.done, now.notebooks) == ("running", "01_a running", 0, 1)
    assert now.steps == ("Trainer done in 2.3 s",)
    assert not now.has_ended
    assert os.getsid(batch.pid) == batch.pid, "signals for the kernel's group do not reach it"
    go_on.touch()
    wait_until(lambda: batch.progress().has_ended)
    ended = batch.progress()
    assert (ended.state, ended.said, ended.done) == ("done", "01_a done", 1)
    assert Path(ended.report).name == "report.html"
    [record] = [json.loads(path.read_text()) for path in tmp_path.glob("ws/runs/*/run.json")]
    assert record["notebooks"][0]["parameters"] == {"epochs": 3}


def test_a_batch_that_fails_says_where_and_why(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    batch = start(write_notebook("01_a", "a: int = 1", "1 / 0"), tmp_path / "ws")
    wait_until(lambda: batch.progress().has_ended)
    ended = batch.progress()
    assert ended.state == "failed"
    assert ended.said == "Stopped in 01_a, cell 2 (exit code 20): division by zero"


def test_a_batch_that_was_killed_is_not_running(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    notebook = write_notebook("01_a", "a: int = 1", WAIT.format(path=str(tmp_path / "never")))
    batch = start(notebook, tmp_path / "ws")
    wait_until(lambda: batch.progress().state == "running")
    process = psutil.Process(batch.pid)
    children = process.children(recursive=True)
    process.kill()
    wait_until(lambda: batch.progress().state == "killed")
    for child in children:
        with suppress(psutil.NoSuchProcess):  # some end with the batch
            child.kill()


def test_what_cannot_begin_says_why(tmp_path: Path) -> None:
    batch = Batch(["run", "99_nothing"], tmp_path)
    wait_until(lambda: batch.progress().has_ended)
    ended = batch.progress()
    assert ended.state == "failed"
    assert "exit code 2" in ended.said
    assert "There is no notebook '99_nothing'." in ended.said


def test_what_is_meant_for_the_kernel_is_not_passed_on(
    write_notebook: WriteNotebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = ["JPY_SESSION_NAME", "KIT_RUN_FOLDER", "MPLBACKEND"]
    for variable in variables:
        monkeypatch.setenv(variable, "of this kernel")
    left = tmp_path / "left"
    cell = (
        f"import json, os\nfrom pathlib import Path\nfound = [os.environ.get(name) for name in {variables}]\n"
        f"Path({str(left)!r}).write_text(json.dumps(found))"
    )
    batch = start(write_notebook("01_a", "a: int = 1", cell), tmp_path / "ws")
    wait_until(lambda: batch.progress().has_ended)
    assert "of this kernel" not in json.loads(left.read_text())


def test_a_batch_outlives_the_process_that_started_it(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    go_on = tmp_path / "go on"
    notebook = write_notebook("01_a", "a: int = 1", WAIT.format(path=str(go_on)))
    words = ["run", str(notebook), "--kernel", "python3", "-w", str(tmp_path / "ws")]
    program = (
        "import os\nfrom pathlib import Path\nfrom kit.batch.background import Batch\n"
        f"batch = Batch({words!r}, Path({str(tmp_path / 'ws')!r}))\n"
        "while batch.progress().state != 'running': pass\n"
        "os.killpg(os.getpgrp(), 9)"  # as Jupyter ends a kernel
    )
    subprocess.run([sys.executable, "-c", program], check=False, start_new_session=True, timeout=60)
    [path] = (tmp_path / "ws").glob("runs/*/run.json")
    assert json.loads(path.read_text())["state"] == "running"
    go_on.touch()
    wait_until(lambda: json.loads(path.read_text())["state"] == "done")
