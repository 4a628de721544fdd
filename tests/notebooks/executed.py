"""Notebooks that have run, what they show, and nbval's way to run them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import nbformat
from commands import Ended, command, runs
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook


def executed(workspace: Path, name: str) -> Path:
    """Return a notebook as the latest run has left it."""
    return workspace / "runs" / str(runs(workspace)[-1]["run_id"]) / f"{name}.ipynb"


def outputs(path: Path) -> list[Any]:
    cells = nbformat.read(path, as_version=4).cells
    return [output for cell in cells if cell.cell_type == "code" for output in cell.outputs]


def texts(path: Path) -> list[str]:
    """Return what each output of a notebook is as text."""
    return [output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs(path)]


def said(workspace: Path, name: str) -> str:
    """Return the text of all outputs of a notebook of the latest run."""
    return "".join(texts(executed(workspace, name)))


def nbval(folder: Path, *notebooks: Path, **parameters: object) -> Ended:
    """Run nbval in a folder on copies of notebooks with these parameters."""
    for path in notebooks:
        copy = parameterize_notebook(load_notebook_node(str(path)), parameters)
        nbformat.write(copy, folder / path.name)
    words = ("-m", "pytest", "-p", "no:cacheprovider", "-c", "/dev/null", "--nbval-lax")
    copies = [folder / path.name for path in notebooks]
    return command(sys.executable, *words, f"--rootdir={folder}", *copies, cwd=folder)
