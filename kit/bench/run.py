"""Run all measurements, print them as a table, and write them to bench.json."""

from __future__ import annotations

import importlib
import json
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import nbformat
from rich.console import Console
from rich.table import Table

from kit.batch.parameters import TAG
from kit.bench import chain
from kit.bench.figure import Figure
from kit.bench.generator import generator
from kit.bench.views import views
from kit.errors import UsageError
from kit.workspace import CHECKOUT, write_atomically

FILE = "bench.json"
_MOST_LINES = 12


def main(workspace: Path, groups: Sequence[str] = ()) -> int:
    """Measure some groups, by default all, which takes more than an hour on two cores.

    Returns:
        0 when every goal is reached, else 1.

    Raises:
        UsageError: when there is no such group.
    """
    if unknown := sorted(set(groups) - set(GROUPS)):
        raise UsageError(
            f"What can be measured is {', '.join(GROUPS)}, but {', '.join(unknown)} is asked for."
        )
    figures: list[Figure] = []
    console = Console(width=150)
    with tempfile.TemporaryDirectory(prefix="kit-bench-") as scratch:
        for group in groups or GROUPS:
            for figure in GROUPS[group](Path(scratch) / group):
                console.print(f"{figure.name}: {figure.value:.3f} {figure.unit}")
                figures.append(figure)
                write_atomically(
                    workspace / FILE, json.dumps([each.to_values() for each in figures], indent=2)
                )
    console.print(_table(figures))
    return 0 if all(figure.ok for figure in figures) else 1


def longest_cell() -> Figure:
    """Count the lines of the longest code cell in all notebooks, except the parameters cells with one line each."""
    lines = [
        len(cell.source.splitlines())
        for path in (CHECKOUT / "notebooks").glob("**/*.ipynb")
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "code" and TAG not in cell.metadata.get("tags", [])
    ]
    return Figure("lines of a code cell, at most", max(lines), "lines", _MOST_LINES, "less")


def _lazily(name: str) -> Callable[[Path], Iterable[Figure]]:
    """Return a group that is imported, from the module of the same name, only when it is measured.

    Importing TensorFlow takes seconds and memory, which must not distort the other groups.
    """

    def measure(folder: Path) -> Iterable[Figure]:
        measured: Iterable[Figure] = getattr(importlib.import_module(f"kit.bench.{name}"), name)(folder)
        return measured

    return measure


GROUPS: dict[str, Callable[[Path], Iterable[Figure]]] = {
    "cells": lambda _: [longest_cell()],
    "parameter": lambda _: [chain.wrong_parameter()],
    "generator": generator,
    "alerts": _lazily("alerts"),
    "governance": _lazily("governance"),
    "faults": _lazily("faults"),
    "checks": _lazily("checks"),
    "kernel": _lazily("kernel"),
    "cached": chain.cached,
    "kills": _lazily("kills"),
    "taxi": chain.taxi,
    "data_steps": _lazily("data_steps"),
    "scale": _lazily("scale"),
    "quality": _lazily("quality"),
    "training": _lazily("training"),
    "strategies": _lazily("strategies"),
    "evaluator": _lazily("evaluator"),
    "blind_spots": _lazily("blind_spots"),
    "litert": _lazily("litert"),
    "serving": _lazily("serving"),
    "gateway": _lazily("gateway"),
    "drill": _lazily("drill"),
    "experiments": _lazily("experiments"),
    "lineage": _lazily("lineage"),
    "views": views,
    "clone": lambda folder: [chain.fresh_clone(folder)],
}
"""The groups that can be measured separately; each gets a folder of its own."""


def _table(figures: list[Figure]) -> Table:
    table = Table("what", "value", "unit", "goal", "reached", "kit", "peer")
    for figure in figures:
        reached = ("yes" if figure.ok else "NO") if figure.aim else ""
        cells = [f"{number:.2f}" if number is not None else "" for number in (figure.measured, figure.peer)]
        table.add_row(figure.name, f"{figure.value:.3f}", figure.unit, figure.aim, reached, *cells)
    return table
