"""Of old sweeps what they found stays, with the points whose models passed; the other workspaces go."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import pytest
from in_process import invoke
from lineage.stores import PROJECT, VERSION, Writer, chain

from kit.errors import ExitCode, WorkspaceError
from kit.new import create
from kit.retention.collect import collect_garbage, plans_of
from kit.retention.plan import Plan
from kit.sweep.records import PointRecord, PointState, SweepFolder, SweepRecord, save_point
from kit.workspace import Workspace

_OLD = time.time() - 100 * 86_400


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Workspaces of points whose model was missed by a gate, blessed, and pushed without a blessing, and their base."""
    folder = tmp_path_factory.mktemp("points")
    base = Workspace(folder / "base")
    before = chain(Writer(base))
    for name in ("missed", "blessed", "pushed"):
        shutil.copytree(base.path, folder / name)
        workspace = Workspace(folder / name)
        writer = Writer(workspace)
        version = VERSION if name == "pushed" else None
        chain(writer, blessed=name == "blessed", version=version, baseline=before["model"])
        if version:
            (workspace.serving(PROJECT) / str(version)).mkdir(parents=True)
    return folder


@pytest.fixture
def workspace(points: Path, tmp_path: Path) -> Workspace:
    """A workspace in which nothing has run but, long ago, a sweep of three points."""
    made = Workspace(tmp_path / "ws")
    rows = pd.DataFrame({"height": [1.5, 2.5] * 30, "bought": ["yes", "no"] * 30})
    rows.to_csv(tmp_path / "a.csv", index=False)
    create(PROJECT, tmp_path / "a.csv", "bought", made.path / "projects")
    sweep(made, "old", _OLD, points)
    return made


def sweep(
    workspace: Workspace, name: str, worked: float, points: Path, last: PointState = "done"
) -> SweepFolder:
    """Write a sweep down that was last at work at some time."""
    folder = SweepFolder.of(workspace.path, name)
    for number, made in enumerate(("missed", "blessed", "pushed"), 1):
        place = folder.point(number)
        shutil.copytree(points / made, place / "ws")
        state = last if made == "pushed" else "done"
        save_point(place, PointRecord(number=number, values={"seed": number}, state=state))
    shutil.copytree(points / "base", folder.base)
    record = SweepRecord(
        name=name, workspace=str(workspace.path), started=dt.datetime.now(dt.UTC), shared=[], own=["03_train"],
        fixed={"project_name": PROJECT}, swept=["seed"], count=3,
    )  # fmt: skip
    folder.save(record)
    (folder.path / "results.csv").write_text("what was found")
    for file in folder.path.rglob("*"):
        os.utime(file, (worked, worked))
    return folder


def left(folder: SweepFolder) -> list[int]:
    """Return the points that have their workspaces."""
    return [number for number in (1, 2, 3) if (folder.point(number) / "ws").is_dir()]


def going(plan: Plan) -> set[tuple[str, str]]:
    return {(item.what, item.name) for item in plan.items}


def test_points_whose_models_passed_stay_and_so_does_what_was_found(workspace: Workspace) -> None:
    folder = SweepFolder.of(workspace.path, "old")
    [looked] = plans_of(workspace)
    assert going(looked) == {("sweep point", "old 1"), ("sweep base", "old")}
    assert left(folder) == [1, 2, 3], "it only looked"
    [done] = collect_garbage(workspace)
    assert going(done) == going(looked)
    assert left(folder) == [2, 3]
    assert not folder.base.exists()
    assert (folder.path / "results.csv").read_text() == "what was found"
    assert [one.state for one in folder.points()] == ["done"] * 3
    told = json.loads((folder.point(1) / "pruned.json").read_text())
    assert told["size_bytes"] == next(item.size for item in done.items if item.name == "old 1") > 0
    assert [plan.items for plan in collect_garbage(workspace)] == [()]


def test_a_young_sweep_stays_and_what_points_still_begin_with(workspace: Workspace, points: Path) -> None:
    young = sweep(workspace, "young", time.time(), points)
    unfinished = sweep(workspace, "unfinished", _OLD, points, last="running")
    [plan] = collect_garbage(workspace)
    assert plan.kept_points == {
        "their sweep is younger than the rule": 3,
        "a model of theirs was blessed or can be served": 4,
    }
    assert left(young) == [1, 2, 3]
    assert young.base.is_dir()
    assert left(unfinished) == [2, 3]
    assert unfinished.base.is_dir(), "kit sweep --resume goes on with it"


def test_runs_and_sweeps_go_where_artifacts_are_on_another_disk(workspace: Workspace) -> None:
    Writer(workspace).run_file("old")
    other = tempfile.mkdtemp(dir="/dev/shm")
    try:
        workspace.artifacts(PROJECT).parent.symlink_to(other)
        assert Path(other).stat().st_dev != workspace.path.stat().st_dev
        [plan] = collect_garbage(workspace)
        assert not Path(other, PROJECT).exists()
    finally:
        shutil.rmtree(other)
    assert going(plan) == {("sweep point", "old 1"), ("sweep base", "old"), ("run", "old")}
    assert not list(workspace.runs.iterdir())
    assert not list(workspace.path.rglob(".trash"))


def test_a_sweep_is_young_while_somebody_works_in_a_point_by_hand(workspace: Workspace) -> None:
    folder = SweepFolder.of(workspace.path, "old")
    os.utime(folder.point(1) / "ws" / "metadata.sqlite")
    [plan] = collect_garbage(workspace)
    assert plan.kept_points == {"their sweep is younger than the rule": 3}
    assert left(folder) == [1, 2, 3]


def test_nothing_is_deleted_while_a_sweep_runs(workspace: Workspace) -> None:
    folder = SweepFolder.of(workspace.path, "old")
    held = Workspace(folder.path).lock("sweep", "kit sweep old")
    with held, pytest.raises(WorkspaceError, match="kit sweep old"):
        collect_garbage(workspace)
    assert left(folder) == [1, 2, 3]


_HOLD = """
import sys, time
from kit.workspace import Workspace
with Workspace(sys.argv[1], read_only=True).lock(sys.argv[2], "kit run"):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize(
    ("place", "lock", "kept"),
    [
        ("points/0001", "point", [1, 2, 3]),
        ("points/0001/ws", "run", [1, 2, 3]),
        ("points/0001/ws", "step", [1, 2, 3]),
        ("base", "step", [2, 3]),
    ],
)
def test_what_another_process_works_in_stays(
    workspace: Workspace, place: str, lock: str, kept: list[int]
) -> None:
    folder = SweepFolder.of(workspace.path, "old")
    holder = [sys.executable, "-c", _HOLD, str(folder.path / place), lock]
    with subprocess.Popen(holder, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "held\n"
            done = invoke("gc", "--yes", "--workspace", workspace.path)
        finally:
            process.kill()
    assert done.exit_code == 0, done.output
    assert f"A workspace of a sweep stays: The workspace {folder.path / place} is in use by" in done.output
    assert (left(folder), folder.base.exists()) == (kept, True)
    collect_garbage(workspace)
    assert (left(folder), folder.base.exists()) == ([2, 3], False)


def test_a_point_that_was_worked_in_since_it_was_looked_at_stays(workspace: Workspace) -> None:
    folder = SweepFolder.of(workspace.path, "old")
    later = time.time() + 60

    def work(_: Plan) -> None:
        os.utime(folder.point(1) / "ws" / "metadata.sqlite", (later, later))

    [plan] = collect_garbage(workspace, say=work)
    assert plan.items == ()
    assert left(folder) == [1, 2, 3]


def test_the_command_shows_what_goes_and_why_other_points_stay(workspace: Workspace) -> None:
    shown = invoke("gc", "--workspace", workspace.path, "--project", PROJECT)
    assert shown.exit_code == 0, shown.output
    assert "2 points of sweeps stay: a model of theirs was blessed or can be served" in shown.output
    assert "old 1" in shown.output
    assert "2 results can be deleted" in shown.output


def _spoil(folder: SweepFolder, how: str) -> None:
    match how:
        case "a point's record":
            (folder.point(2) / "point.json").write_text("{")
        case "no points":
            shutil.rmtree(folder.path / "points")
        case "an empty record":
            (folder.path / "sweep.json").write_text("{}")
        case "a name that none can have":
            folder.path.rename(folder.path.with_name("bad (copy)"))


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("a point's record", "0002/point.json must be a record of this sweep, but Invalid JSON"),
        ("no points", "0001/point.json must be a record of this sweep, but it is not there"),
        ("an empty record", "bad/sweep.json must be a record of this sweep, but name: Field required"),
        ("a name that none can have", "but is 'bad (copy)'. Choose another one with --name, or rename"),
    ],
)
def test_a_sweep_that_cannot_be_read_is_told_and_stays_whole(
    workspace: Workspace, points: Path, how: str, expected: str
) -> None:
    _spoil(sweep(workspace, "bad", _OLD, points), how)
    for words in (["gc", "--yes"], ["gc"], ["sweeps"]):
        done = invoke(*words, "--workspace", workspace.path)
        assert done.exit_code == ExitCode.USAGE, done.output
        assert expected in done.stderr
    assert left(SweepFolder.of(workspace.path, "old")) == [2, 3]
    assert [path.name for path in workspace.path.glob("sweeps/bad*/base")] == ["base"]


def test_a_damaged_sweep_is_told_where_nothing_else_is(tmp_path: Path, points: Path) -> None:
    _spoil(sweep(Workspace(tmp_path / "ws"), "bad", _OLD, points), "no points")
    done = invoke("gc", "--workspace", tmp_path / "ws")
    assert done.exit_code == ExitCode.USAGE
    assert "All results stay of a sweep that cannot be read" in done.stderr
