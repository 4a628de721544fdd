"""The fault lab's notebook: as a batch, through papermill and nbval, and on a project other than the samples."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from commands import NOTEBOOKS, command, kit_run
from faults import shop

from .executed import executed, nbval, outputs, texts

pytestmark = [pytest.mark.slow, pytest.mark.notebook]
LAB = NOTEBOOKS / "fault_lab.ipynb"


def test_papermill_runs_it_with_another_fault(tmp_path: Path) -> None:
    given = {"fault": "shuffled-column", "column": "category", "share": 0.1, "seed": 3}
    words = [word for name, value in given.items() for word in ("-p", name, str(value))]
    ended = command(
        sys.executable,
        "-m",
        "papermill",
        LAB,
        "out.ipynb",
        "-p",
        "workspace",
        tmp_path / "ws",
        *words,
        cwd=tmp_path,
    )
    assert ended.code == 0, ended.errors
    shown = texts(tmp_path / "out.ipynb")
    assert "9 of 9 faults are caught in 5% of the rows or fewer." in "\n".join(shown)
    assert any(text.startswith("shuffled-column in category, 10% of the rows: caught by") for text in shown)
    assert "The files of span 7 are as they were: every fault went into a copy.\n" in shown
    assert (tmp_path / "ws").is_dir()
    assert not list((tmp_path / "ws").rglob("*.csv")), "no copy is left"


def test_nbval_passes_on_it(tmp_path: Path) -> None:
    ended = nbval(tmp_path, LAB, workspace=str(tmp_path / "ws"))
    assert ended.code == 0, ended.output[-3000:]


def test_a_batch_on_a_project_of_somebody_else(tmp_path: Path) -> None:
    """A schema that is inferred, 400 rows a day: some faults are too small to be seen, and it says so."""
    project = shop.write(tmp_path, "{SPAN}.csv", {"train_spans": "1-6", "eval_spans": "7"})
    ended = kit_run("fault_lab", "-P", project.folder, "-p", "fault", "late-day", workspace=tmp_path / "ws")
    assert ended.code == 0, ended.errors
    shown = "\n".join(str(output) for output in outputs(executed(tmp_path / "ws", "fault_lab")))
    assert "late-day in time, 5% of the rows: caught by times; 20 of 400 rows, in span 7." in shown
    assert "✗ not caught up to 5%" in shown


def test_a_fault_that_is_none_ends_the_batch_before_anything_is_tried(tmp_path: Path) -> None:
    ended = kit_run("fault_lab", "-p", "fault", "gremlins", workspace=tmp_path / "ws")
    assert ended.code == 2
    assert "There is no fault 'gremlins'. Choose one of negative-values" in ended.output + ended.errors
