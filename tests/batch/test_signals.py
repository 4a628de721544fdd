"""Runs that are stopped, killed or in each other's way; each in a process of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest
from commands import kit_command, start_kit
from processes import wait_until_ended
from waiting import wait_until

from kit.batch.record import list_runs
from kit.workspace import Workspace

from .conftest import WriteNotebook

# Tells the test its process and that of a child, which must end with the run.
SLEEPING = """import os, subprocess, time
child = subprocess.Popen(["sleep", "300"])
with open(marker + ".new", "w") as file:
    file.write(f"{os.getpid()} {child.pid}")
os.rename(marker + ".new", marker)
time.sleep(300)"""


def start_sleeping(
    write_notebook: WriteNotebook, tmp_path: Path, cell: str = SLEEPING
) -> tuple[subprocess.Popen[str], list[int]]:
    marker = tmp_path / "marker"
    path = write_notebook("01_sleeping", 'marker: str = ""', cell)
    words = ("run", path, "-w", tmp_path / "ws", "--kernel", "python3", "-p", "marker", marker)
    process = start_kit(*words)
    wait_until(lambda: marker.exists() or process.poll() is not None)
    assert process.poll() is None, process.communicate()
    return process, [int(word) for word in marker.read_text().split()]


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_stops_its_kernel_and_says_so(
    write_notebook: WriteNotebook, tmp_path: Path, signum: signal.Signals
) -> None:
    process, kernel = start_sleeping(write_notebook, tmp_path)
    process.send_signal(signum)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 21
    assert errors.splitlines()[-1].startswith("Interrupted: ")
    wait_until_ended(*kernel, seconds=5)
    (record,) = list_runs(tmp_path / "ws" / "runs")
    assert (record.state, record.exit_code, record.notebooks[0].state) == ("interrupted", 21, "interrupted")


def test_an_interrupt_ends_all_notebooks_that_run_side_by_side(
    write_notebook: WriteNotebook, tmp_path: Path
) -> None:
    each = "import os, pathlib, time\npathlib.Path(f'{marker}.{os.getpid()}').touch()\ntime.sleep(300)"
    paths = [write_notebook(name, 'marker: str = ""', each) for name in ("01_a", "02_b", "03_c")]
    for path in paths:
        content = json.loads(path.read_text())
        content["metadata"]["kit"] = {"needs": []}
        path.write_text(json.dumps(content))
    words = ("-w", tmp_path / "ws", "--kernel", "python3", "-p", "marker", tmp_path / "marker", "--jobs", "2")
    process = start_kit("run", *paths, *words, "--memory", "99999")
    wait_until(lambda: len(list(tmp_path.glob("marker.*"))) == 2 or process.poll() is not None)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 21, errors
    wait_until_ended(*(int(path.suffix[1:]) for path in tmp_path.glob("marker.*")), seconds=5)
    [record] = list_runs(tmp_path / "ws" / "runs")
    assert [row.state for row in record.notebooks] == ["interrupted", "interrupted", "pending"]


def test_a_kernel_that_ignores_interrupts_is_killed_at_the_second(
    write_notebook: WriteNotebook, tmp_path: Path
) -> None:
    deaf = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    process, kernel = start_sleeping(write_notebook, tmp_path, deaf + SLEEPING)
    process.send_signal(signal.SIGTERM)
    time.sleep(0.5)  # two signals at once are one
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 21, errors
    wait_until_ended(*kernel, seconds=5)


def test_a_killed_run_is_known_as_killed_and_its_kernel_ends(
    write_notebook: WriteNotebook, tmp_path: Path
) -> None:
    process, kernel = start_sleeping(write_notebook, tmp_path)
    (path,) = (tmp_path / "ws" / "runs").glob("*/run.json")
    process.kill()
    process.communicate()
    left = json.loads(path.read_text())
    assert (left["state"], left["pid"]) == ("running", process.pid)
    wait_until_ended(kernel[0], seconds=20)
    psutil.Process(kernel[1]).kill()  # a plain kernel's own children are not ours to find

    assert [record.state for record in list_runs(tmp_path / "ws" / "runs")] == ["killed"]
    assert json.loads(path.read_text())["state"] == "running", "a list only reads"
    answer = kit_command("runs", "-w", tmp_path / "ws")
    assert "killed" in answer.output
    assert json.loads(path.read_text())["state"] == "killed"
    assert json.loads(path.read_text())["notebooks"][0]["state"] == "killed"


def test_a_second_run_says_who_holds_the_workspace_or_waits(
    write_notebook: WriteNotebook, tmp_path: Path
) -> None:
    path = write_notebook("01_a", "a: int = 1")
    words = ("run", path, "-w", tmp_path / "ws", "--kernel", "python3")
    with Workspace(tmp_path / "ws").lock("run", "a test"):
        refused = kit_command(*words, "--no-wait")
        waiting = start_kit(*words)
        assert waiting.stdout is not None
        first_line = waiting.stdout.readline()
    output, errors = waiting.communicate(timeout=60)
    assert refused.code == 2
    assert "(a test, since" in refused.errors
    assert "(a test, since" in first_line
    assert waiting.returncode == 0, errors
    assert "[01_a] done" in output


def test_an_interrupt_while_waiting_leaves_no_run(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    path = write_notebook("01_a", "a: int = 1")
    with Workspace(tmp_path / "ws").lock("run", "a test"):
        waiting = start_kit("run", path, "-w", tmp_path / "ws")
        assert waiting.stdout is not None
        waiting.stdout.readline()
        waiting.send_signal(signal.SIGTERM)
        waiting.communicate(timeout=20)
    assert waiting.returncode == 21
    assert list_runs(tmp_path / "ws" / "runs") == []
