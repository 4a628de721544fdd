"""The notebooks of the exercises: one each, in order, and one run as a batch would, untouched."""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
import pytest
from commands import NOTEBOOKS, command

from kit.workshop.board import read
from kit.workshop.solutions import solutions_of
from kit.workshop.texts import names

FOLDER = NOTEBOOKS / "workshop"
NAMES = names()


def test_each_exercise_has_its_notebook_in_order() -> None:
    found = [path.stem for path in sorted(FOLDER.glob("*.ipynb"))]
    assert found == [f"{number:02}_{name}" for number, name in enumerate(NAMES, 1)]


@pytest.mark.parametrize("name", NAMES)
def test_no_notebook_holds_its_answer(name: str) -> None:
    [path] = FOLDER.glob(f"*_{name}.ipynb")
    cells = nbformat.read(path, as_version=4).cells
    [answer] = [cell.source for cell in cells if cell.source.startswith('where = ""')]
    assert any(f'WorkshopDesk("{name}"' in cell.source for cell in cells)
    reference = solutions_of(name).reference
    assert all(path not in answer for path in reference.settings)
    assert f'"{reference.where}"' not in answer


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("0*.ipynb")), ids=lambda path: path.stem)
def test_each_notebook_of_the_road_ends_with_a_question_and_an_exercise(path: Path) -> None:
    said = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown"]
    [end] = [text for text in said if "**Question:**" in text]
    assert end in said[-2:], "what follows is at most the map of the notebooks"
    assert end.count("**Question:**") == end.count("**Exercise:**") == 1
    _, _, exercise = end.partition("**Exercise:** `")
    assert (NOTEBOOKS / f"{exercise.partition('`')[0]}.ipynb").is_file()


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.ipynb")), ids=lambda path: path.stem)
def test_each_exercise_has_a_button_that_injects_its_fault_and_a_question(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    assert any("Injected(desk.stopped(), desk.inject, desk.seed)" in cell.source for cell in cells)
    assert cells[-1].source.startswith("**Question:**")


@pytest.mark.slow
@pytest.mark.notebook
def test_an_untouched_notebook_runs_and_scores_none(tmp_path: Path) -> None:
    words = ("-p", "workspace", tmp_path / "ws", "-p", "participant", "Ann")
    notebook = FOLDER / "08_version_skew.ipynb"
    ended = command(sys.executable, "-m", "papermill", notebook, "out.ipynb", *words, cwd=tmp_path)
    assert ended.code == 0, ended.errors
    text = (tmp_path / "out.ipynb").read_text(encoding="utf-8")
    assert "Nothing stops it: it would go to production." in text
    assert "A server that is too old: 0 of 3 points" in text
    assert "Ann: points 0, place 1 of 1" in text
    assert read(tmp_path / "ws" / "workshop", "Ann").total == 0
