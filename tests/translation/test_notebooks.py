"""What is translated is whole, up to date, and the same program."""

from __future__ import annotations

import ast
from pathlib import Path

import nbformat
import pytest

from kit.batch.plan import NOTEBOOKS
from kit.translation.build import translated
from kit.translation.catalogue import every_notebook, languages, place_of
from kit.translation.check import check

of_each_notebook = pytest.mark.parametrize(
    ("language", "notebook"),
    [(language, path) for language in languages() for path in every_notebook()],
    ids=lambda value: place_of(value).as_posix() if isinstance(value, Path) else value,
)


@of_each_notebook
def test_every_cell_is_translated_as_it_is_now(language: str, notebook: Path) -> None:
    problems = check(notebook, language)
    assert not problems, "\n".join(map(str, problems))


@pytest.mark.parametrize("language", languages())
def test_no_translation_is_of_a_notebook_that_is_gone(language: str) -> None:
    found = {path.relative_to(NOTEBOOKS / language) for path in (NOTEBOOKS / language).rglob("*.yml")}
    assert not found - {place_of(path).with_suffix(".yml") for path in every_notebook()}


@of_each_notebook
def test_the_program_is_the_same(language: str, notebook: Path) -> None:
    english = nbformat.read(notebook, as_version=4)
    other, stayed = translated(notebook, language)
    nbformat.validate(other)
    assert not stayed
    assert [cell.id for cell in other.cells] == [cell.id for cell in english.cells]
    for ours, theirs in zip(english.cells, other.cells, strict=True):
        assert theirs.cell_type == ours.cell_type
        if ours.cell_type == "code":
            assert theirs == ours
        else:
            assert theirs.metadata == ours.metadata
            assert theirs.source != ours.source
    assert {**other.metadata, "kit_language": None} == {**english.metadata, "kit_language": None}


@pytest.mark.parametrize("notebook", every_notebook(), ids=lambda path: place_of(path).as_posix())
def test_what_a_notebook_prints_is_said_in_the_language(notebook: Path) -> None:
    """A sentence that is given to `print` stays English, and no test would miss its translation."""
    code = "\n".join(
        cell.source for cell in nbformat.read(notebook, as_version=4).cells if cell.cell_type == "code"
    )
    called = [node.func for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    assert "print" not in [getattr(one, "id", "") for one in called]
