from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

KIT = [sys.executable, "-c", "from kit.cli import app; app()"]
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


def kit(*words: object) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end."""
    command = [*KIT, *(str(word) for word in words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def start_kit(*words: object) -> subprocess.Popen[str]:
    """Start the command line in a session of its own, so that a signal meets it alone."""
    return subprocess.Popen(
        [*KIT, *(str(word) for word in words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
