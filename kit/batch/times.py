"""Where the time of a run went, from what its kernels and steps have seen of themselves (see `kit.steps.sampling`)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kit.batch.record import NotebookRecord, RunRecord
from kit.steps.sampling import KINDS

TIMES = "times"
"""The folder of a run in which they stand."""
START = "kernel start"
ALL_KINDS = (START, *KINDS)
_LEAST_SHARE = 0.001  # of a run: what is shorter is no bar that can be seen


@dataclass(frozen=True)
class Times:
    """Seconds of a notebook without its steps, or of one of its steps.

    Attributes:
        notebook: its name.
        step: id of the component; empty: the notebook itself.
        seconds: in all.
        kinds: of them, by kind; what nothing is known of counts as `other`.
    """

    notebook: str
    step: str
    seconds: float
    kinds: dict[str, float]


@dataclass
class Frame:
    """A bar of the flame view.

    Attributes:
        name: what ran.
        kind: that most of its own time is counted as.
        seconds: with all that it called.
        children: what it called, the longest first.
    """

    name: str
    kind: str
    seconds: float = 0.0
    children: list[Frame] = field(default_factory=list)


def times_of(record: RunRecord, folder: Path) -> list[Times]:
    """Return a line for each notebook that ran, and below it one for each step that had a process."""
    found = []
    for row in record.notebooks:
        if row.seconds is not None:
            own, steps = _seen(row, folder)
            lines = [Times(row.name, step, seen["seconds"], _by_kind(seen)) for step, seen in steps]
            kinds = _by_kind(own) | {START: row.kernel_seconds}
            known = sum(kinds.values()) + sum(line.seconds for line in lines)
            kinds["other"] = kinds.get("other", 0.0) + max(0.0, row.seconds - known)
            found += [Times(row.name, "", sum(kinds.values()), kinds), *lines]
    return found


def flame(record: RunRecord, folder: Path) -> Frame:
    """Return the same as bars: the run, its notebooks, their steps, and what those called, package by package."""
    root = Frame(record.run_id, "other")
    for row in record.notebooks:
        if row.seconds is not None:
            root.children.append(_notebook(row, folder))
    root.seconds = sum(child.seconds for child in root.children)
    _tidy(root, root.seconds * _LEAST_SHARE)
    return root


def _notebook(row: NotebookRecord, folder: Path) -> Frame:
    own, steps = _seen(row, folder)
    bar = Frame(row.name, "other")
    if row.kernel_seconds:
        bar.children.append(Frame(START, START, row.kernel_seconds))
    for step, seen in steps:
        child = Frame(step, "other", seen["seconds"])
        _grow(child, seen["stacks"])
        bar.children.append(child)
    _grow(bar, own["stacks"])
    bar.seconds = max(row.seconds or 0.0, sum(child.seconds for child in bar.children))
    return bar


def _grow(bar: Frame, stacks: Iterable[dict[str, Any]]) -> None:
    for stack in stacks:
        place = bar
        for name in stack["frames"]:
            below = next((child for child in place.children if child.name == name), None)
            if below is None:
                below = Frame(name, stack["kind"])
                place.children.append(below)
            below.seconds += stack["seconds"]
            place = below


def _tidy(bar: Frame, least: float) -> None:
    for child in bar.children:
        child.children = sorted((c for c in child.children if c.seconds >= least), key=lambda c: -c.seconds)
        _tidy(child, least)


def _seen(row: NotebookRecord, folder: Path) -> tuple[dict[str, Any], list[tuple[str, dict[str, Any]]]]:
    """Return what the kernel of a notebook has seen of itself, and each of its steps, in their order."""
    own: dict[str, Any] = {"seconds": 0.0, "stacks": []}
    steps = []
    if row.kernel:
        for path in sorted(
            (folder / TIMES).glob(f"{row.kernel}.*"), key=lambda path: path.name.split(".")[-2]
        ):
            seen = json.loads(path.read_text(encoding="utf-8"))
            if path.stem == row.kernel:
                own = seen
            else:
                steps.append((path.name.split(".")[1], seen))
    return own, steps


def _by_kind(seen: dict[str, Any]) -> dict[str, float]:
    kinds: dict[str, float] = {}
    for stack in seen["stacks"]:
        kinds[stack["kind"]] = kinds.get(stack["kind"], 0.0) + stack["seconds"]
    return kinds
