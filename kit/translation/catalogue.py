"""The catalogue of a notebook's translated cells, as a file that a translator edits."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field, TypeAdapter, ValidationError

from kit.batch.plan import NOTEBOOKS
from kit.project_section import Section, said_of
from kit.strict_yaml import read_yaml
from kit.translation.errors import TranslationError
from kit.workspace import write_atomically

_CODE = re.compile(r"[a-z]{2,3}")  # of a language, ISO 639
_DIGITS = 12  # of a digest; a collision among a few hundred cells is practically impossible
_HEAD = "# The prose of {name}.ipynb, by cell; `english` is a digest of the text that was translated.\n"


class TranslatedCell(Section):
    """The translation of a cell, and which English text it translates."""

    english: str
    text: Annotated[str, Field(min_length=1)]


Catalogue = dict[str, TranslatedCell]
_CATALOGUE = TypeAdapter(Catalogue)


def digest(text: str) -> str:
    """Return a digest of a cell's text, without surrounding white space."""
    return hashlib.sha256(text.strip().encode()).hexdigest()[:_DIGITS]


def languages(notebooks: Path = NOTEBOOKS) -> list[str]:
    """Return the languages that there are translations into."""
    return sorted(
        folder.name
        for folder in notebooks.iterdir()
        if _CODE.fullmatch(folder.name) and any(folder.rglob("*.yml"))
    )


def every_notebook(notebooks: Path = NOTEBOOKS) -> list[Path]:
    """Return all notebooks to translate, including those in folders, without Jupyter's checkpoints."""
    found = (path for path in notebooks.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)
    return sorted(found, key=lambda path: (len(path.parts), path))


def place_of(notebook: Path) -> Path:
    """Return the path of a notebook below `notebooks/`, such as `workshop/01_ages.ipynb`; elsewhere its name."""
    return notebook.relative_to(NOTEBOOKS) if notebook.is_relative_to(NOTEBOOKS) else Path(notebook.name)


def catalogue_path(notebook: Path, language: str) -> Path:
    """Return the file of a notebook's translation; the folder of a language has the folders of the notebooks."""
    place = place_of(notebook)
    root = notebook.parents[len(place.parts) - 1]
    return root / language / place.with_suffix(".yml")


def read_catalogue(path: Path) -> Catalogue:
    """Return the translated cells by id; none where there is no such file.

    Raises:
        TranslationError: when the file is not one of translated cells.
    """
    if not path.exists():
        return {}
    try:
        return _CATALOGUE.validate_python(read_yaml(path, TranslationError).content or {})
    except ValidationError as error:
        [problem, *_] = error.errors()
        where = ".".join(str(part) for part in problem["loc"]) or "the file"
        raise TranslationError(
            f"{path} must have `english` and `text` for each cell, but {where}: {said_of(problem)}. Correct it."
        ) from None


def write_catalogue(path: Path, catalogue: Catalogue) -> None:
    """Write translated cells, each text with its lines as in the notebook."""
    content = {key: cell.model_dump() for key, cell in catalogue.items()}
    text = yaml.dump(content, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=float("inf"))
    write_atomically(path, _HEAD.format(name=path.stem) + text)


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks."""


def _as_block(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _as_block)
