"""Measure the views in a browser, as a person sees them, with the tests that open them there."""

from __future__ import annotations

import json
import os
import sys
from collections import defaultdict
from pathlib import Path

import nbformat

from kit.bench.chain import NOTEBOOKS, kit_command, run_timed
from kit.bench.figure import Figure
from kit.errors import StepFailedError
from kit.workspace import CHECKOUT
from kit.workspace_folders import RUNS

FIGURES_VARIABLE = "KIT_FIGURES"
"""Names the file that tests/lab.py appends its measurements to, one JSON list of name and value per line."""

_TESTS = "fluid or runs_in_the_browser"
_TIMES = {
    "statistics, 500 features, 2 splits: first paint": 1.0,
    "statistics, 500 features, 2 splits: search key to repaint": 0.1,
    "slices, 100,000 slices: first paint": 1.0,
    "slices, 100,000 slices: sort": 0.2,
    "lineage, 2,000 nodes: first layout": 2.0,
    "lineage, 2,000 nodes: click to highlight": 0.1,
}  # seconds
_COUNTS = {
    "requests to foreign hosts while all notebooks run in the browser": "requests",
    "accessibility violations, serious or critical": "violations",
}
_KILOBYTE = 1024
_MOST_KILOBYTES = 300


def views(folder: Path) -> list[Figure]:
    """Run the browser tests that measure, and the sample's chain for the size of its views.

    Raises:
        StepFailedError: when a test fails or does not report a measurement.
    """
    found = _measured(folder)
    figures = [Figure(name, min(found[name]), "s", goal, "less") for name, goal in _TIMES.items()]
    figures += [Figure(name, sum(found[name]), unit, 0, "less") for name, unit in _COUNTS.items()]
    run_timed(kit_command("run", *NOTEBOOKS, "-w", str(folder / "chain")))
    executed = (folder / "chain" / RUNS).glob("*/*.ipynb")
    figures.append(
        Figure(
            "bytes that a view adds to an executed notebook, at most",
            max(map(_largest_output, executed)) / _KILOBYTE,
            "KB",
            _MOST_KILOBYTES,
            "less",
        )
    )
    return figures


def _measured(folder: Path) -> dict[str, list[float]]:
    folder.mkdir(parents=True)
    file = folder / "figures.jsonl"
    command = [sys.executable, "-m", "pytest", "-q", "-m", "browser", "-k", _TESTS, str(CHECKOUT / "tests")]
    run_timed(command, {**os.environ, FIGURES_VARIABLE: str(file)})
    found: dict[str, list[float]] = defaultdict(list)
    for line in file.read_text().splitlines() if file.exists() else []:
        name, value = json.loads(line)
        found[name].append(value)
    if missing := [name for name in (*_TIMES, *_COUNTS) if name not in found]:
        raise StepFailedError(
            f"The browser tests must measure {', '.join(missing)}, but did not. Is chromium there? See `kit doctor`."
        )
    return found


def _largest_output(path: Path) -> int:
    """Return the size in bytes of the largest stored output of a notebook."""
    cells = nbformat.read(path, as_version=4).cells
    outputs = [output for cell in cells if cell.cell_type == "code" for output in cell.outputs]
    return max((len(json.dumps(output, ensure_ascii=False).encode()) for output in outputs), default=0)
