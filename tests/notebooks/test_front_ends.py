"""The same notebooks through papermill and nbval themselves, without the kit's command line."""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner
from commands import NUMBERED, Ended, command
from papermill.cli import papermill

from kit.batch.parameters import read_parameters

from .executed import nbval

pytestmark = [pytest.mark.slow, pytest.mark.notebook]
PAPERMILL = (sys.executable, "-m", "papermill")
STEMS = [path.stem for path in NUMBERED]


@pytest.mark.parametrize("path", NUMBERED, ids=STEMS)
def test_papermill_runs_it_with_other_parameters(
    path: Path, sample: tuple[Path, Ended], tmp_path: Path
) -> None:
    workspace, _ = sample
    other = {
        "01_data": ("train_spans", "2-6"),
        "02_features": ("parity_rows", "100"),
        "03_train": ("seed", "8"),
    }
    given = ("-p", *other[path.stem]) if path.stem in other else ()
    # The first notebooks of a chain of its own, so that what is cached for the sample stays the latest.
    own = tmp_path / "own" if path.stem == "01_data" else workspace
    ended = command(*PAPERMILL, path, "out.ipynb", "-p", "workspace", own, *given, cwd=tmp_path)
    assert ended.code == 0, ended.errors
    executed = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    assert all(cell.execution_count for cell in executed.cells if cell.cell_type == "code")


def test_papermill_shows_every_parameter_with_type_and_help() -> None:
    for path in NUMBERED:
        ended = CliRunner().invoke(papermill, ["--help-notebook", str(path)])
        assert ended.exit_code == 0
        shown = " ".join(ended.output.split())
        for parameter in read_parameters(path).values():
            assert f"{parameter.name}: {parameter.type}" in shown
            assert " ".join(parameter.help.split()) in shown


def test_nbval_passes_on_all_of_them(sample: tuple[Path, Ended], tmp_path: Path) -> None:
    workspace, _ = sample
    ended = nbval(tmp_path, *NUMBERED, workspace=str(workspace))
    assert ended.code == 0, ended.output[-3000:]
    assert "passed" in ended.output
