from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import small_notebooks

WriteNotebook = Callable[..., Path]


@pytest.fixture
def write_notebook(tmp_path: Path) -> WriteNotebook:
    """Write a notebook whose first cell is the parameters cell."""

    def write(name: str, parameters: str, *cells: str) -> Path:
        return small_notebooks.write_notebook(
            tmp_path / f"{name}.ipynb", *cells, parameters=parameters, kernel="python3"
        )

    return write
