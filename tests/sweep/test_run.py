"""Sweeps of one small notebook on this machine: their results, their failures, and what is left of killed ones."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pandas as pd
import psutil
import pytest
from commands import start_kit
from waiting import wait_until

from kit.batch.record import list_runs
from kit.errors import ExitCode, WorkspaceError
from kit.project.folder import BUILT_IN
from kit.sweep.errors import SweepError
from kit.sweep.records import PointRecord, SweepFolder, save_point
from kit.sweep.report import summary
from kit.sweep.run import SweepEnded, run_sweep
from kit.sweep.workers import LocalWorkers

from .conftest import FIT, Begin, WriteNotebook, attempts_of


def run(folder: SweepFolder, jobs: int = 2, said: list[str] | None = None) -> SweepEnded:
    lines = [] if said is None else said
    return run_sweep(folder, lambda path: LocalWorkers(path, jobs), lines.append)


def start(*words: object) -> subprocess.Popen[str]:
    return start_kit("sweep", *words, output=subprocess.DEVNULL)


def test_every_point_runs_apart_and_shared_notebooks_once(
    write_notebook: WriteNotebook, begin: Begin, tmp_path: Path
) -> None:
    first = write_notebook(
        "01_rows",
        'workspace: str = "workspace"\nrows: int = 3',
        "from kit.record import record\nrecord('rows', rows)",
        "from pathlib import Path\nPath(workspace, 'artifacts').mkdir(exist_ok=True)\n"
        "Path(workspace, 'artifacts', 'rows').write_text(str(rows))",
    )
    second = write_notebook(
        "02_fit",
        'workspace: str = "workspace"\nrate: float = 0.1  # 0 to 1',
        "from pathlib import Path\nfrom kit.record import record",
        "rows = int(Path(workspace, 'artifacts', 'rows').read_text())\nrecord('loss', rows + rate)",
        "from kit.errors import NotBlessedError\nif rate > 0.8:\n    raise NotBlessedError('too fast')",
    )
    folder = begin(
        f"notebooks: [{first}, {second}]\nfixed: {{rows: 5}}\nparameters: {{rate: [0.5, 0.2, 0.9]}}\n"
        "metrics: ['loss, minimise', rows, seconds]"
    )
    said: list[str] = []
    ended = run(folder, said=said)

    assert ended.exit_code == ExitCode.DONE
    assert not (tmp_path / "ws" / "artifacts").exists()  # the user's workspace stays as it was
    assert [(point.metrics["loss"], point.metrics["rows"]) for point in ended.points] == [
        (5.5, 5),
        (5.2, 5),
        (5.9, 5),
    ]
    assert [point.exit_code for point in ended.points] == [0, 0, 12]
    assert (ended.points[2].state, ended.points[2].reason) == ("done", "not blessed")
    assert ended.best == ended.points[1]
    assert "[3/3]" in said[-2]
    assert len(list_runs(folder.base / "runs")) == 1
    assert [row.name for row in list_runs(folder.point(1) / "ws" / "runs")[0].notebooks] == ["02_fit"]
    table = pd.read_csv(folder.path / "results.csv")
    assert list(table["point"]) == [2, 1, 3]
    assert pd.read_parquet(folder.path / "results.parquet")["loss"].tolist() == [5.2, 5.5, 5.9]
    page = (folder.path / "report.html").read_text()
    assert "The best loss is 5.2, of rate 0.2" in page
    assert f"-p rows=5 -p rate=0.2 --workspace {tmp_path / 'ws'}" in page


def test_what_fails_is_tried_again_then_left_out_and_done_by_a_resumption(
    write_notebook: WriteNotebook, begin: Begin, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    fit = write_notebook(
        "fit",
        "size: int = 1",
        "from pathlib import Path\nfrom kit.record import record\nrecord('loss', size)",
        f"mark = Path({str(mark)!r} + str(size))\nif not mark.exists():\n"
        "    mark.touch() if size == 2 else None\n    raise OSError('no luck')",
    )
    folder = begin(f"notebooks: [{fit}]\nparameters: {{size: [2, 3]}}\nmetrics: ['loss, maximise']")
    said: list[str] = []
    ended = run(folder, said=said)
    assert ended.exit_code == ExitCode.STEP_FAILED
    assert [(p.state, p.attempts) for p in ended.points] == [("done", 2), ("failed", 2)]
    assert ended.points[1].reason == "fit, cell 4: OSError: no luck"
    assert any("point 2 left out" in line and "fit, cell 4: OSError: no luck" in line for line in said)
    assert "Point 2 (size 3), after 2 attempts" in (folder.path / "report.html").read_text()

    Path(f"{mark}3").touch()
    ended = run(folder)
    assert [(p.state, p.attempts) for p in ended.points] == [("done", 2), ("done", 3)]
    assert len(list_runs(folder.point(1) / "ws" / "runs")) == 2


def test_a_failing_shared_notebook_ends_the_sweep_with_its_exit_code(
    write_notebook: WriteNotebook, begin: Begin
) -> None:
    first = write_notebook("01_a", "a: int = 1", "from kit.errors import DriftError\nraise DriftError('far')")
    folder = begin(f"notebooks: [{first}, {write_notebook('fit', *FIT)}]\nparameters: {{size: [1]}}")
    said: list[str] = []
    ended = run(folder, said=said)
    assert ended.exit_code == ExitCode.DRIFT
    assert ended.points == [PointRecord(number=1, values={"size": 1})]
    assert any("DriftError: far" in line for line in said)
    assert f"No point has run. Resume it: kit sweep --resume fit -w {folder.path.parents[1]}" in said


def test_a_killed_sweep_leaves_nothing_running_and_goes_on(
    write_notebook: WriteNotebook, tmp_path: Path
) -> None:
    """Point 1 is done before the kill, and is not done again."""
    go = tmp_path / "go"
    file = tmp_path / "fit.yml"
    file.write_text(
        f"way: list\nnotebooks: {write_notebook('fit', *FIT)}\n"
        f"points: [{{size: 1}}, {{size: 2, wait_for: {go}}}]\nmetrics: ['loss, minimise']"
    )
    options = ["-w", tmp_path / "ws", "--memory", 0, "--jobs", 1]
    sweep = start(file, "--kernel", "python3", *options)
    folder = SweepFolder(tmp_path / "ws" / "sweeps" / "fit")
    wait_until(lambda: folder.exists() and folder.points()[1].state == "running")
    wait_until(lambda: bool(list_runs(folder.point(2) / "ws" / "runs")))
    [attempt] = attempts_of(folder)
    with pytest.raises(WorkspaceError, match="kit sweep fit"):
        run(folder)
    os.kill(sweep.pid, signal.SIGKILL)
    sweep.wait()
    attempt.wait(20)
    before = folder.points()
    assert [point.state for point in before] == ["done", "failed"]

    go.touch()
    ended = run(folder)
    assert ended.exit_code == ExitCode.DONE
    assert ended.points[0] == before[0]
    assert [point.attempts for point in ended.points] == [1, 2]


def test_an_interrupted_sweep_ends_its_points_and_says_how_to_go_on(
    write_notebook: WriteNotebook, tmp_path: Path
) -> None:
    file = tmp_path / "fit.yml"
    file.write_text(
        f"notebooks: {write_notebook('fit', *FIT)}\nfixed: {{wait_for: {tmp_path / 'never'}}}\n"
        "parameters: {size: [1, 2]}"
    )
    sweep = start(file, "--kernel", "python3", "-w", tmp_path / "ws", "--memory", 0, "--jobs", 2)
    folder = SweepFolder(tmp_path / "ws" / "sweeps" / "fit")
    wait_until(lambda: len(list(folder.path.glob("points/*/ws/runs/*/run.json"))) == 2)
    sweep.send_signal(signal.SIGINT)
    assert sweep.wait(30) == ExitCode.INTERRUPTED
    assert not attempts_of(folder)
    assert {(p.state, p.exit_code) for p in folder.points()} == {("failed", ExitCode.INTERRUPTED)}
    page = (folder.path / "report.html").read_text()
    assert "Points done: 0 of 2; not ended: 2." in page
    assert "left out" not in page


def test_a_sweep_goes_on_where_its_workspace_was_copied(
    begin: Begin, write_notebook: WriteNotebook, tmp_path: Path
) -> None:
    shared = write_notebook("01_rows", "", 'from kit.record import record\nrecord("rows", 3)')
    fit = write_notebook("02_fit", *FIT)
    folder = begin(
        f"notebooks: [{shared}, {fit}]\nparameters: {{size: [1, 2]}}\nmetrics: ['loss, minimise', rows]"
    )
    assert run(folder).exit_code == ExitCode.DONE
    (tmp_path / "ws").rename(tmp_path / "moved")
    moved = SweepFolder.of(tmp_path / "moved", "fit")
    save_point(moved.point(2), moved.points()[1].model_copy(update={"state": "pending", "metrics": {}}))
    ended = run(moved)
    assert ended.exit_code == ExitCode.DONE, ended.points
    assert [point.metrics["rows"] for point in ended.points] == [3, 3]
    assert ended.record.workspace == str(tmp_path / "moved")


def test_a_sweep_that_is_done_branches_nothing_again(begin: Begin, write_notebook: WriteNotebook) -> None:
    folder = begin(
        f"notebooks: {write_notebook('fit', *FIT)}\nparameters: {{size: [1]}}\nmetrics: ['loss, minimise']"
    )
    save_point(
        folder.point(1), folder.points()[0].model_copy(update={"state": "done", "metrics": {"loss": 1.0}})
    )
    assert run(folder).exit_code == ExitCode.DONE
    assert not folder.base.exists()


def test_a_resumption_says_what_has_changed_and_that_its_points_must_not_be_compared(
    begin: Begin, write_notebook: WriteNotebook, tmp_path: Path
) -> None:
    project = tmp_path / "elsewhere" / "plants"
    shutil.copytree(BUILT_IN / "chicago_taxi", project)
    spec = project / "project.yml"
    spec.write_text(spec.read_text().replace("name: chicago_taxi", "name: plants", 1))
    cell = f'project_name: str = "{project}"\n{FIT[0]}'
    shared = write_notebook("01_rows", "", "rows = 3")
    fit = write_notebook("02_fit", cell, *FIT[1:])
    folder = begin(f"notebooks: [{shared}, {fit}]\nparameters: {{size: [1, 2]}}\nmetrics: ['loss, minimise']")
    assert run(folder).exit_code == ExitCode.DONE
    first, second = folder.points()
    save_point(folder.point(2), second.model_copy(update={"state": "pending", "metrics": {}}))
    said: list[str] = []
    assert "must not be compared" not in summary(folder.read(), run(folder, said=said).points)
    assert not any("changed" in line for line in said)

    save_point(folder.point(2), second.model_copy(update={"state": "pending", "metrics": {}}))
    write_notebook("01_rows", "", "rows = 4")
    write_notebook("02_fit", cell, *FIT[1:-1], 'record("loss", -size)')
    spec.write_text(f"{spec.read_text()}# edited\n")
    ended = run(folder, said=said)
    [warning] = [line for line in said if "changed" in line]
    assert "the notebook 01_rows, the notebook 02_fit, the project plants changed: what has run" in warning
    assert ended.points[0].code == first.code == ended.record.code != ended.points[1].code
    assert "The points must not be compared: 2 versions of the code ran them" in summary(
        ended.record, ended.points
    )


def test_points_begin_only_while_their_memory_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = 10e9
    monkeypatch.setattr(psutil, "virtual_memory", lambda: type("M", (), {"total": 16e9, "available": free}))
    workers = LocalWorkers(tmp_path, jobs=9, memory_gb=3)
    assert workers.has_room(0)
    workers._begun = [time.monotonic(), time.monotonic()]  # which have taken nothing yet
    assert workers.has_room(2)
    workers._begun.append(time.monotonic())
    assert not workers.has_room(3)
    workers._begun = [time.monotonic() - 100] * 3  # whose memory is taken from what is free
    assert workers.has_room(3)
    assert not workers.has_room(9)
    workers.learn(0)  # nobody knows
    assert workers.has_room(3)
    workers.learn(12_000)
    assert not workers.has_room(3)
    free = 2e9
    assert not workers.has_room(3)
    assert workers.has_room(0)
    workers.close()
    with pytest.raises(SweepError, match=r"--memory asks for 20 GB of 16\."):
        LocalWorkers(tmp_path, memory_gb=20)
