"""Time a kernel from its start to the result of its first cell, which imports what the notebooks import."""

from __future__ import annotations

import ast
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from kit import warm
from kit.bench.figure import Figure
from kit.errors import StepFailedError
from kit.warm.preload import MODULES
from kit.workspace import CHECKOUT

CELL = f"import {', '.join(MODULES)}"
"""Imports all packages that the warm process has imported; for both kernels."""
NOTEBOOK = CHECKOUT / "notebooks" / "04_evaluate.ipynb"
"""Its imports are measured too: the kit's own modules, which the warm process has imported unless they were edited."""
_GOAL = 0.07
_TIMES = 3  # the fastest counts: the others include other work of the machine
_MOST_SECONDS = 180


def kernel(folder: Path) -> Iterator[Figure]:
    """Start the kernel `kit` and plain ipykernel, one after the other."""
    folder.mkdir(parents=True, exist_ok=True)
    warm.start()  # in practice it runs from the first kernel of a day on
    for what, cell in (("", CELL), (f" of what {NOTEBOOK.stem} imports", imports_of(NOTEBOOK))):
        ours = min(first_result("kit", folder, cell) for _ in range(_TIMES))
        peer = min(first_result("python3", folder, cell) for _ in range(_TIMES))
        name = f"kernel kit over ipykernel, start to the first result{what}"
        yield Figure(name, ours / peer, "ratio", _GOAL, "less", peer, ours)


def imports_of(notebook: Path) -> str:
    """Return the imports of all cells of a notebook, as one cell."""
    cells = nbformat.read(notebook, as_version=4).cells
    trees = [ast.parse(cell.source) for cell in cells if cell.cell_type == "code"]
    imports = [
        node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    return "\n".join(map(ast.unparse, imports))


def first_result(name: str, folder: Path, cell: str) -> float:
    """Return the seconds from the start of a kernel to the result of its first cell.

    Raises:
        StepFailedError: when the cell fails; its time would mean nothing.
    """
    manager = KernelManager(kernel_name=name)
    with (folder / "kernels.log").open("ab") as log:
        started = time.perf_counter()
        manager.start_kernel(cwd=str(folder), stdout=log, stderr=log)
    client: BlockingKernelClient = manager.client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=_MOST_SECONDS)
        reply = client.execute_interactive(cell, timeout=_MOST_SECONDS, output_hook=lambda _: None)
        seconds = time.perf_counter() - started
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    if reply["content"]["status"] != "ok":
        raise StepFailedError(
            f"The kernel {name} must run its first cell, but {reply['content'].get('evalue')}. See `kit doctor`."
        )
    return seconds
