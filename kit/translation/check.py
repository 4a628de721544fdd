"""Check a translation: missing cells, cells whose English has changed since, and lost names, links or headings."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import nbformat

from kit.translation.catalogue import Catalogue, catalogue_path, digest, read_catalogue

_CODE = re.compile(r"`[^`\n]+`")
_HEADING = re.compile(r"^#+ ", re.MULTILINE)
_ITEM = re.compile(r"^(?:- |\d+\. |\|)", re.MULTILINE)  # of a list or a table
_TARGET = re.compile(r"\]\(([^)]+)\)")
_PICTURE = re.compile(r'src="([^"]+)"')


@dataclass(frozen=True)
class Problem:
    """One cell whose translation is not as it should be.

    Attributes:
        notebook, cell: its notebook, and the id of the cell.
        what: `missing`, `outdated`, `superfluous` or `differs`.
        advice: what to do.
    """

    notebook: str
    cell: str
    what: str
    advice: str

    def __str__(self) -> str:
        return f"{self.notebook}, cell {self.cell}: {self.what}. {self.advice}"


def prose(notebook: Path) -> dict[str, str]:
    """Return the markdown cells of a notebook by id."""
    cells = nbformat.read(notebook, as_version=4).cells
    return {str(cell.id): str(cell.source) for cell in cells if cell.cell_type == "markdown"}


def check(notebook: Path, language: str) -> list[Problem]:
    """Return all that is wrong with the translation of a notebook.

    Raises:
        TranslationError: when its catalogue cannot be read.
    """
    path = catalogue_path(notebook, language)
    catalogue, english = read_catalogue(path), prose(notebook)
    found = [_problem(notebook.stem, cell, text, catalogue, path) for cell, text in english.items()]
    gone = [
        Problem(
            notebook.stem, cell, "superfluous", f"No markdown cell has this id: take it out of {path.name}."
        )
        for cell in catalogue
        if cell not in english
    ]
    return [problem for problem in found if problem] + gone


def _problem(notebook: str, cell: str, text: str, catalogue: Catalogue, path: Path) -> Problem | None:
    known = catalogue.get(cell)
    if known is None:
        advice = f"Add to {path.name}: {cell}: {{english: {digest(text)}, text: …}}"
        return Problem(notebook, cell, "missing", advice)
    if known.english != digest(text):
        advice = f"The English has changed: adapt the text in {path.name} and write english: {digest(text)}"
        return Problem(notebook, cell, "outdated", advice)
    lost = _lost(text, known.text)
    return Problem(notebook, cell, "differs", f"Both languages need the same {lost}.") if lost else None


def _lost(english: str, translated: str) -> str:
    """Say what differs in form: names in code, links, headings and items do not depend on the language."""
    for what, pattern in (("code", _CODE), ("links", _TARGET), ("pictures", _PICTURE)):
        ours, theirs = Counter(pattern.findall(english)), Counter(pattern.findall(translated))
        if ours.keys() != theirs.keys():
            names = sorted(ours.keys() ^ theirs.keys())
            return f"{what}, unlike {', '.join(names)}"
    if text := _unseen_emphasis(translated):
        return f"emphasis, but **{text}** is none with that punctuation inside: put it outside of the **"
    for what, pattern in (("headings", _HEADING), ("items of lists and tables", _ITEM)):
        if pattern.findall(english) != pattern.findall(translated):
            return what
    return ""


def _unseen_emphasis(text: str) -> str:
    """Return the first text between ** that Markdown does not render as bold; empty: there is none.

    CommonMark decides by the side of the letter whether ** between a letter and punctuation opens or closes
    (https://spec.commonmark.org/0.31.2/#left-flanking-delimiter-run); Chinese, which has no blanks, runs into that.
    """
    for line in text.splitlines():
        parts = line.split("**")
        for before, inside, after in zip(parts[::2], parts[1::2], parts[2::2], strict=False):
            begins = before[-1:].isalnum() and not inside[:1].isalnum()
            ends = after[:1].isalnum() and not inside[-1:].isalnum()
            if begins or ends:
                return inside
    return ""
