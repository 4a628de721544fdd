"""Kernels from the warm process in the programs that run notebooks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

FRONT_ENDS = {
    "papermill": ["-m", "papermill", "in.ipynb", "out.ipynb", "-p", "number", "7"],
    "nbconvert": ["-m", "nbconvert", "--to", "notebook", "--execute", "in.ipynb", "--output", "out.ipynb"],
    "nbval": ["-m", "pytest", "--nbval", "--rootdir=.", "-p", "no:cacheprovider", "in.ipynb"],
}


@pytest.mark.usefixtures("kernelspecs")
@pytest.mark.parametrize("front_end", FRONT_ENDS)
def test_batch_front_ends_get_warm_kernels(front_end: str, light: dict[str, str], tmp_path: Path) -> None:
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell("number: int = 3", metadata={"tags": ["parameters"]}),
            nbformat.v4.new_code_cell(
                "import threading\nnames = {thread.name for thread in threading.enumerate()}\n"
                "assert 'kit-warm-lifeline' in names, names"
            ),
            nbformat.v4.new_code_cell("number", metadata={"tags": ["nbval-ignore-output"]}),
        ],
        metadata={"kernelspec": {"name": "kit", "display_name": "Kit", "language": "python"}},
    )
    nbformat.write(notebook, tmp_path / "in.ipynb")
    subprocess.run(
        [sys.executable, *FRONT_ENDS[front_end]],
        cwd=tmp_path,
        env={**light, "JUPYTER_PATH": os.environ["JUPYTER_PATH"]},
        check=True,
        timeout=120,
    )
