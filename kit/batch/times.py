"""Where the time of a run went, from the samples that its kernels and steps took (see `kit.steps.sampling`)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kit.batch.record import NotebookRecord, RunRecord, list_runs
from kit.errors import UsageError
from kit.steps.sampling import KINDS
from kit.workspace_folders import RUNS

TIMES = "times"
"""The folder of a run that holds them."""
START = "kernel start"
ALL_KINDS = (START, *KINDS)
_LEAST_SHARE = 0.001  # of a run: a shorter bar could not be seen


@dataclass(frozen=True)
class Times:
    """The time of a notebook without its steps, or of one of its steps.

    Attributes:
        notebook: its name.
        step: id of the component; empty: the notebook itself.
        seconds: the total.
        kinds: the seconds by kind; unknown time counts as `other`.
    """

    notebook: str
    step: str
    seconds: float
    kinds: dict[str, float]


@dataclass
class Frame:
    """A bar of the flame view: what ran, with all that it called.

    Attributes:
        name: the name of a run, a notebook, a step, or a package and the function by which it was entered.
        kinds: seconds by kind.
        children: what it called: the notebooks of a run in their order, all else longest first.
    """

    name: str
    kinds: dict[str, float] = field(default_factory=dict)
    children: list[Frame] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return sum(self.kinds.values())

    @property
    def kind(self) -> str:
        """The kind that most of its time counts as."""
        return max(self.kinds, key=lambda kind: self.kinds[kind], default="other")

    def add(self, kinds: Mapping[str, float]) -> None:
        """Add seconds."""
        for kind, seconds in kinds.items():
            self.kinds[kind] = self.kinds.get(kind, 0.0) + seconds


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
    root = Frame(record.run_id)
    for row in record.notebooks:
        if row.seconds is not None:
            root.children.append(_notebook(row, folder))
            root.add(root.children[-1].kinds)
    _tidy(root, root.seconds * _LEAST_SHARE)
    return root


def latest_flame(workspace: Path, run_id: str = "") -> Frame:
    """Return the bars of a run of a workspace.

    Args:
        workspace: its folder.
        run_id: the id of the run; empty: the last ended run that ran a notebook. Without one the bar is empty: a
            notebook may show it before any batch has run.

    Raises:
        UsageError: when there is no run of that id.
    """
    for record in reversed(list_runs(workspace / RUNS)):
        has_ended = record.state != "running" and any(row.seconds for row in record.notebooks)
        if record.run_id == run_id or (not run_id and has_ended):
            return flame(record, workspace / RUNS / record.run_id)
    if not run_id:
        return Frame("no run")
    raise UsageError(
        f"{workspace} must hold the run {run_id!r}, but does not. `kit runs` lists the runs there are, and `kit run` "
        "makes one."
    )


def _notebook(row: NotebookRecord, folder: Path) -> Frame:
    own, steps = _seen(row, folder)
    bar = _grown(row.name, own["stacks"])
    below = [Frame(START, {START: row.kernel_seconds})] if row.kernel_seconds else []
    below += [_grown(step, seen["stacks"]) for step, seen in steps]
    for child in below:
        bar.children.append(child)
        bar.add(child.kinds)
    bar.add({"other": max(0.0, (row.seconds or 0.0) - bar.seconds)})
    return bar


def _grown(name: str, stacks: Iterable[dict[str, Any]]) -> Frame:
    bar = Frame(name)
    for stack in stacks:
        seconds = {stack["kind"]: stack["seconds"]}
        place = bar
        place.add(seconds)
        for called in stack["frames"]:
            below = next((child for child in place.children if child.name == called), None)
            if below is None:
                below = Frame(called)
                place.children.append(below)
            below.add(seconds)
            place = below
    return bar


def _tidy(bar: Frame, least: float) -> None:
    for child in bar.children:
        child.children = sorted((c for c in child.children if c.seconds >= least), key=lambda c: -c.seconds)
        _tidy(child, least)


def _seen(row: NotebookRecord, folder: Path) -> tuple[dict[str, Any], list[tuple[str, dict[str, Any]]]]:
    """Return the samples of a notebook's kernel, and of each of its steps, in their order."""
    own: dict[str, Any] = {"seconds": 0.0, "stacks": []}
    if not row.kernel:
        return own, []
    file = folder / TIMES / f"{row.kernel}.json"
    if file.exists():
        own = json.loads(file.read_text(encoding="utf-8"))
    of_steps = sorted((folder / TIMES).glob(f"{row.kernel}.*.*.json"), key=_began)
    return own, [(path.name.split(".")[1], json.loads(path.read_text(encoding="utf-8"))) for path in of_steps]


def _began(path: Path) -> int:
    """Return the nanoseconds at the end of `<kernel>.<step>.<nanoseconds>.json` (see `kit.steps.sampling`)."""
    return int(path.stem.rpartition(".")[2])


def _by_kind(seen: dict[str, Any]) -> dict[str, float]:
    kinds: dict[str, float] = {}
    for stack in seen["stacks"]:
        kinds[stack["kind"]] = kinds.get(stack["kind"], 0.0) + stack["seconds"]
    return kinds
