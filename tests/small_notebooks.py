"""Notebooks of a few code cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nbformat

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def write_notebook(
    path: Path,
    *cells: str,
    parameters: str = "",
    kernel: str = "kit",
    needs: Iterable[str] | None = None,
) -> Path:
    """Write a notebook of code cells.

    Args:
        path: where to.
        cells: their sources.
        parameters: the lines of the cell that is tagged `parameters`, the first one; empty: there is none.
        kernel: the name of its kernel.
        needs: the notebooks that must have run before; None: nothing is said of them.
    """
    notebook = nbformat.v4.new_notebook()
    if parameters:
        notebook.cells.append(nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}))
    notebook.cells += [nbformat.v4.new_code_cell(cell) for cell in cells]
    notebook.metadata["kernelspec"] = {"name": kernel, "display_name": kernel, "language": "python"}
    if needs is not None:
        notebook.metadata["kit"] = {"needs": list(needs)}
    nbformat.write(notebook, path)
    return path
