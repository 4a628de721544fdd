"""A JupyterLab for a module of browser tests, and golden files: what a view shows, kept as text to be read in review.

After a wanted change: `KIT_REFRESH_GOLDEN=1 pytest tests/widgets` writes them anew; look at the difference in git.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from lab import browser_of_a_module, open_and_run, page_in_the_lab, running_lab
from playwright.sync_api import Page
from small_notebooks import write_notebook

import widgets
from widgets import live_view

__all__ = ["browser_of_a_module", "page_in_the_lab"]  # fixtures

_FOLDER = Path(__file__).parent / "golden"
# Where a line begins in a golden file, so that a change in one row is a change in one line.
_LINE_STARTS = re.compile(r"(?=<(?:tr|p|table|svg|figure|details|li|nav|section|label)\b)")


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compares a text with the file of a name, or writes the file where that was asked for."""

    def check(name: str, text: str) -> None:
        path = _FOLDER / name
        lines = _LINE_STARTS.sub("\n", text).strip() + "\n"
        if os.environ.get("KIT_REFRESH_GOLDEN"):
            path.write_text(lines, encoding="utf-8")
        assert lines == path.read_text(encoding="utf-8")

    return check


@pytest.fixture
def shown_faces(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what a live view of a batch is shown as, one text after the other, in place of IPython's display."""
    shown: list[str] = []

    def display(face: object, **_: object) -> SimpleNamespace:
        shown.append(repr(face))
        return SimpleNamespace(update=lambda later: shown.append(repr(later)))

    monkeypatch.setattr(live_view, "get_ipython", object)
    monkeypatch.setattr(live_view, "display", display)
    return shown


@pytest.fixture(scope="module")
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the notebooks of a module: each of its NOTEBOOKS is a cell after those IMPORTS."""
    folder = tmp_path_factory.mktemp("lab")
    for name, cell in request.module.NOTEBOOKS.items():
        write_notebook(folder / f"{name}.ipynb", request.module.IMPORTS, cell)
    return folder


@pytest.fixture(scope="module")
def lab(folder: Path) -> Iterator[str]:
    """Start JupyterLab on the folder, with what shows the static faces of views; gives its address."""
    extensions = folder / "data" / "labextensions"
    shutil.copytree(Path(widgets.__file__).parent / "labextension", extensions / "notebook-mlops-kit")
    with running_lab(folder, modules=Path(__file__).parent) as address:
        yield address


@pytest.fixture
def show(lab: str, page: Page) -> Callable[[str], Page]:
    """Return what opens a notebook and runs all of it."""
    return partial(open_and_run, lab, page)
