"""What is translated is whole, up to date, and the same program."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from kit.batch.plan import NOTEBOOKS
from kit.translation.build import translated
from kit.translation.catalogue import languages
from kit.translation.check import check

CATALOGUES = [
    (language, path) for language in languages() for path in sorted((NOTEBOOKS / language).rglob("*.yml"))
]

pytestmark = pytest.mark.parametrize(
    ("language", "catalogue"), CATALOGUES, ids=lambda value: getattr(value, "stem", value)
)


def notebook(language: str, catalogue: Path) -> Path:
    return NOTEBOOKS / catalogue.relative_to(NOTEBOOKS / language).with_suffix(".ipynb")


def test_every_cell_is_translated_as_it_is_now(language: str, catalogue: Path) -> None:
    problems = check(notebook(language, catalogue), language)
    assert not problems, "\n".join(map(str, problems))


def test_the_program_is_the_same(language: str, catalogue: Path) -> None:
    english = nbformat.read(notebook(language, catalogue), as_version=4)
    other, stayed = translated(notebook(language, catalogue), language)
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
