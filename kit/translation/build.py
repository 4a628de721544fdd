"""Build a language's notebooks: code cells as they are, markdown cells from the catalogue."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat

from kit.batch.plan import NOTEBOOKS
from kit.translation.catalogue import (
    catalogue_path,
    digest,
    languages,
    place_of,
    read_catalogue,
    write_catalogue,
)
from kit.translation.check import Problem, check, prose
from kit.translation.errors import TranslationError
from kit.workspace import write_atomically

_PICTURES = "pictures"


@dataclass(frozen=True)
class Built:
    """A written notebook, and the cells that stayed English."""

    path: Path
    english: tuple[str, ...]


def translated(notebook: Path, language: str) -> tuple[nbformat.NotebookNode, tuple[str, ...]]:
    """Return a notebook in a language, and the ids of the markdown cells that stayed English.

    The translation of a text that has changed since would be wrong: such a cell stays English.

    Raises:
        TranslationError: when the catalogue cannot be read.
    """
    content = nbformat.read(notebook, as_version=4)
    catalogue = read_catalogue(catalogue_path(notebook, language))
    stayed = []
    for cell in content.cells:
        if cell.cell_type != "markdown":
            continue
        known = catalogue.get(cell.id)
        if known is not None and known.english == digest(cell.source):
            cell.source = known.text.rstrip("\n")
        else:
            stayed.append(str(cell.id))
    content.metadata["kit_language"] = language
    return content, tuple(stayed)


def build(notebooks: Sequence[Path], language: str, folder: Path) -> list[Built]:
    """Write notebooks in a language into a folder, with the pictures that they show.

    Raises:
        TranslationError: when there is no such language, or a catalogue cannot be read.
    """
    check_language(language)
    made = [(notebook, *translated(notebook, language)) for notebook in notebooks]
    built = []
    for notebook, content, stayed in made:
        path = folder / place_of(notebook)
        write_atomically(path, nbformat.writes(content) + "\n")
        built.append(Built(path, stayed))
        if (pictures := notebook.parent / _PICTURES).is_dir():
            shutil.copytree(pictures, path.parent / _PICTURES, dirs_exist_ok=True)
    return built


def check_all(notebooks: Sequence[Path], language: str) -> list[Problem]:
    """Return what is wrong with the translations of notebooks; without one, all cells are missing.

    Raises:
        TranslationError: as `build` does.
    """
    check_language(language)
    return [problem for notebook in notebooks for problem in check(notebook, language)]


def confirm(notebook: Path, language: str) -> list[str]:
    """Record that translations still fit although their English has changed; return the ids of those cells.

    Raises:
        TranslationError: when the notebook has no translation, or it cannot be read.
    """
    path = catalogue_path(notebook, language)
    catalogue = read_catalogue(path)
    if not catalogue:
        raise TranslationError(
            f"A translation can be confirmed once it exists, but {path} has none. Write it, cell by cell."
        )
    now = {cell: digest(text) for cell, text in prose(notebook).items()}
    changed = [cell for cell, known in catalogue.items() if cell in now and known.english != now[cell]]
    for cell in changed:
        catalogue[cell] = catalogue[cell].model_copy(update={"english": now[cell]})
    if changed:
        write_catalogue(path, catalogue)
    return changed


def check_language(language: str) -> None:
    """Refuse a language that nothing was translated into.

    Raises:
        TranslationError: when there is none.
    """
    known = languages(NOTEBOOKS)
    if language not in known:
        raise TranslationError(
            f"Notebooks are there in {', '.join(known) or 'no other language'}, but {language!r} is asked for. "
            f"Give one of these, or begin with {NOTEBOOKS / language}/00_start_here.yml."
        )
