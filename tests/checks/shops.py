"""A small project with a key and two cities, a file a span, and who visits it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from valid_projects import SMALL

from kit.data.example_gen import ProjectExampleGen
from kit.data.statistics import StatisticsGen
from kit.project import Project
from kit.session import Session
from kit.workspace import Workspace

_COLUMNS = ("label_rates", "repeated_rows", "shared_keys", "ranges", "missing_values", "dependencies",
            "correlations", "leakage", "volume", "times", "deliveries", "drift")  # fmt: skip


def shop(folder: Path, checks: str, *spans: Iterable[str], eval_spans: str = "2") -> Project:
    """Write a project; all but the given checks are off where they begin with `only`.

    Args:
        folder: of the project, which must not be there yet.
        checks: the section of project.yml; empty: none.
        spans: the rows of each, from 1.
        eval_spans: the others are for training.
    """
    folder.mkdir()
    for number, rows in enumerate(spans, 1):
        (folder / f"{number}.csv").write_text("visit,age,city,bought\n" + "\n".join(rows) + "\n")
    last = int(eval_spans.split("-", maxsplit=1)[0]) - 1
    train = "1" if last == 1 else f"1-{last}"
    text = SMALL.replace(
        "{files: visitors.csv}", f"{{files: '{{SPAN}}.csv', train_spans: {train}, eval_spans: {eval_spans}}}"
    )
    text = text.replace("columns:\n", "columns:\n  visit: key\n") + "slices: [[city]]\n" + checks
    (folder / "project.yml").write_text(text)
    for part in ("features.py", "model.py"):
        (folder / part).touch()
    return Project.load(folder)


def only(**checks: str) -> str:
    """Return a section of checks in which all others are off."""
    names = dict.fromkeys(_COLUMNS, "off") | checks
    return "checks:\n" + "".join(f"  {name}: {value}\n" for name, value in names.items())


def visits(start: int = 0, count: int = 400, change: str = "") -> list[str]:
    """Return rows in which every city buys, and nothing else is told by another."""
    return [
        f"v{row},{row * 7 % 60},{'bonn' if row % 2 else 'köln'}{change},{int(row % 5 < 2)}"
        for row in range(start, start + count)
    ]


def people(seed: int, count: int = 1_000, older: float = 0.0, köln: float = 0.5) -> list[str]:  # noqa: PLC2401
    """Return visits of people whose age is about 40 with a deviation of 10."""
    draw = np.random.default_rng(seed)
    ages, cities = draw.normal(40 + older, 10, count), draw.random(count) < köln
    bought = draw.integers(2, size=count)
    return [
        f"v{seed}-{row},{age:.2f},{'köln' if city else 'bonn'},{label}"
        for row, (age, city, label) in enumerate(zip(ages, cities, bought, strict=True))
    ]


def session_of(project: Project, *, statistics: bool = False) -> Session:
    session = Session(Workspace(project.folder.parent / "workspace"), project)
    example_gen = ProjectExampleGen(project)
    session.run(example_gen)
    if statistics:
        session.run(StatisticsGen(examples=example_gen.outputs["examples"]))
    return session
