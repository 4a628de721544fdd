"""A sweep is there whole or not at all, and under a name of its own."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from kit.sweep.begin import begin_sweep, plan_sweep
from kit.sweep.errors import SweepError
from kit.sweep.records import PointRecord, SweepFolder, list_sweeps, save_point

from .conftest import FIT, Begin, WriteNotebook


def test_a_name_is_taken_once(begin: Begin, write_notebook: WriteNotebook, tmp_path: Path) -> None:
    lines = f"notebooks: {write_notebook('fit', *FIT)}\nparameters: {{size: [1]}}"
    begin(lines)
    with pytest.raises(
        SweepError, match=r"fit is there already, 0 of 1 points done.*--resume fit -w /.*/ws;"
    ):
        begin(lines)
    begin(lines, "other")
    with pytest.raises(SweepError, match=r"no sweep 'thirs' in .*Sweeps there: fit, other"):
        SweepFolder.of(tmp_path / "ws", "thirs").read()
    with pytest.raises(SweepError, match="a/b"):
        begin_sweep(plan_sweep(tmp_path / "fit.yml", tmp_path / "ws", "a/b"))


def test_what_a_killed_sweep_has_written_before_it_began_is_not_run(
    begin: Begin, write_notebook: WriteNotebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = write_notebook("fit", *FIT)

    def die(path: Path, record: PointRecord) -> None:
        if record.number == 4:
            os._exit(9)
        save_point(path, record)

    monkeypatch.setattr("kit.sweep.begin.save_point", die)
    if (child := os.fork()) == 0:
        begin(f"notebooks: {notebook}\nparameters: {{size: [1, 2, 3, 4]}}")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    monkeypatch.undo()
    assert list_sweeps(tmp_path / "ws") == []
    folder = begin(f"notebooks: {notebook}\nparameters: {{size: [7, 8]}}")
    assert [point.said for point in folder.points()] == ["size 7", "size 8"]
    assert [path.name for path in folder.path.parent.iterdir()] == ["fit"]


def test_files_of_somebody_are_no_sweep(begin: Begin, write_notebook: WriteNotebook, tmp_path: Path) -> None:
    folder = tmp_path / "ws" / "sweeps" / "fit"
    folder.mkdir(parents=True)
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(SweepError, match=r"holds other files.*--name"):
        begin(f"notebooks: {write_notebook('fit', *FIT)}\nparameters: {{size: [1]}}")


def test_a_point_that_is_gone_is_missed(begin: Begin, write_notebook: WriteNotebook) -> None:
    folder = begin(f"notebooks: {write_notebook('fit', *FIT)}\nparameters: {{size: [1, 2]}}")
    shutil.rmtree(folder.point(2))
    with pytest.raises(
        SweepError, match=r"0002/point.json must be a record of this sweep, but it is not there"
    ):
        folder.points()
