"""Count what the data checks find: it should be every fault of the bad day, and nothing on days without faults."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from kit.bench.figure import Figure
from kit.checks import label_rates
from kit.checks.check import Finding
from kit.checks.judge import Judge
from kit.data.files import rows_of
from kit.project import Project
from kit.workspace import CHECKOUT
from sample_data import Config, Generator, write_span
from sample_data.faults import FAULTS, SILENT_CATEGORY

_SAMPLE = CHECKOUT / "sample_data"
_TRAIN_DAYS, _CLEAN_DAYS, _BAD_DAY = 6, 7, 8
_SEEDS, _DAYS_A_SEED = 25, 8
_MOST_FALSE_ALERTS = 2


class _Alert(NamedTuple):
    """An alert of one day."""

    day: int
    finding: Finding


def governance(folder: Path) -> Iterator[Figure]:
    """Judge the sample's days, and clean days generated with other seeds, as `01_data` does."""
    clean = range(1, _CLEAN_DAYS + 1)
    caught = _caught(_alerts(_SAMPLE, clean[:_TRAIN_DAYS], [_BAD_DAY]))
    yield Figure("faults of the bad day that are found", caught, "faults", len(FAULTS), "more")
    others = [_alerts(_SAMPLE, set(clean) - {day}, [day]) for day in clean]
    yield Figure("false alerts on the sample's clean days", sum(map(len, others)), "alerts", 0, "less")
    generated = [_generated(folder / f"seed-{seed}", seed) for seed in range(100, 100 + _SEEDS)]
    name = f"false alerts on {_SEEDS * _DAYS_A_SEED} generated clean days"
    yield Figure(name, sum(map(len, generated)), "alerts", _MOST_FALSE_ALERTS, "less")


def _caught(alerts: Sequence[_Alert]) -> int:
    """Count the faults with an alert of their own: for the column, or for the rate of the silent category."""
    subjects = {alert.finding.subject for alert in alerts}
    if (label_rates.NAME, f"category={SILENT_CATEGORY}") in {
        (alert.finding.check, alert.finding.subject) for alert in alerts
    }:
        subjects.add("clicked")
    return sum(fault.column in subjects for fault in FAULTS)


def _generated(folder: Path, seed: int) -> list[_Alert]:
    last = _TRAIN_DAYS + _DAYS_A_SEED
    for span, blocks in Generator(Config(seed=seed, spans=last)).spans():
        write_span(folder, span, blocks)
    days = range(1, last + 1)
    return _alerts(folder, days[:_TRAIN_DAYS], days[_TRAIN_DAYS:])


def _alerts(data: Path, train: Iterable[int], days: Iterable[int]) -> list[_Alert]:
    """Return the alerts of the schema and the checks for each day by itself, given the training days."""
    project = Project.load("recommender")

    def rows(span: int) -> Iterator[pa.RecordBatch]:
        return rows_of(project, [data / "impressions" / f"span-{span}" / "impressions.csv"])

    judge = Judge(project, {span: rows(span) for span in train})
    return [_Alert(day, found) for day in days for found in judge.judge(rows(day), day) if found.is_wrong]
