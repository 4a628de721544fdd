from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

WriteNotebook = Callable[..., Path]


@pytest.fixture
def write_notebook(tmp_path: Path) -> WriteNotebook:
    """Write a notebook whose first cell is the parameters cell."""

    def write(name: str, parameters: str, *cells: str) -> Path:
        notebook = nbformat.v4.new_notebook()
        notebook.cells = [nbformat.v4.new_code_cell(source) for source in (parameters, *cells)]
        notebook.cells[0].metadata["tags"] = ["parameters"]
        notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        path = tmp_path / f"{name}.ipynb"
        nbformat.write(notebook, path)
        return path

    return write
