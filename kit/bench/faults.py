"""Measure from which share of rows on each fault is caught when put into a clean day of the sample."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kit.bench.figure import Figure
from kit.faults.catalogue import FAULTS
from kit.faults.lab import SHARES, Lab
from kit.project import Project

_SPAN, _SEEDS = 7, (7, 8, 9)


def faults(_folder: Path) -> Iterator[Figure]:
    """Find the smallest share for every fault, in the column that shows it best; the worst of three seeds counts."""
    project = Project.load("recommender")
    lab = Lab(project, _SPAN)
    for fault in FAULTS.values():
        found = [lab.smallest(fault, fault.column(project), seed) for seed in _SEEDS]
        worst = max(trial.share if trial else 1.0 for trial in found)
        yield Figure(
            f"{fault.name}: smallest share of rows caught", worst * 100, "%", SHARES[-1] * 100, "less"
        )
