from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from kit.sweep.begin import SweepOptions, begin_sweep, plan_sweep
from kit.sweep.records import SweepFolder

WriteNotebook = Callable[..., Path]
Begin = Callable[..., SweepFolder]

# A chain of one notebook; it waits for a file where it is told to.
FIT = (
    'rate: float = 0.1  # 0 to 1\nsize: int = 1  # 1 to 9\nwait_for: str = ""',
    "import time\nfrom pathlib import Path\nfrom kit.sweep.record import record",
    "while wait_for and not Path(wait_for).exists():\n    time.sleep(0.05)",
    'record("loss", (rate - 0.3) ** 2 + size)',
)


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


@pytest.fixture
def begin(tmp_path: Path) -> Begin:
    """Begin a sweep of a file with some lines, in the workspace `ws`."""

    def begin_one(lines: str, name: str = "", **options: object) -> SweepFolder:
        file = tmp_path / "fit.yml"
        file.write_text(lines)
        chosen = SweepOptions(kernel_name="python3", **options)  # type: ignore[arg-type]
        return begin_sweep(plan_sweep(file, tmp_path / "ws", name, chosen))

    return begin_one
