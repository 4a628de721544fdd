"""Count what the checks of the data find: every fault of the bad day, and nothing on days without any."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import tensorflow_data_validation as tfdv

from kit.bench.figure import Figure
from kit.checks import label_rates
from kit.checks.check import Check
from kit.checks.examine import checks_of, feed, speak
from kit.data.example_gen import SPLITS, encode, split_writer
from kit.data.files import read_batches
from kit.data.schema import SCHEMA_FILE, read_schema
from kit.data.statistics import compute_statistics
from kit.project import Project
from kit.workspace import CHECKOUT
from sample_data import Config, Generator, write_span
from sample_data.faults import FAULTS, SILENT_CATEGORY

_SAMPLE = CHECKOUT / "sample_data"
_TRAIN_DAYS, _CLEAN_DAYS, _BAD_DAY = 6, 7, 8
_SEEDS, _DAYS_A_SEED = 25, 8
_MOST_FALSE_ALERTS = 2


class _Alert(NamedTuple):
    """What was found on a day; the subject is the feature of an anomaly, or the name of a check."""

    day: int
    subject: str
    found: str


def governance(folder: Path) -> Iterator[Figure]:
    """Judge the sample's days, and clean days that were generated with other seeds, as `01_data` does."""
    clean = range(1, _CLEAN_DAYS + 1)
    caught = _caught(_alerts(_SAMPLE, clean[:_TRAIN_DAYS], [_BAD_DAY], folder / "bad"))
    yield Figure("faults of the bad day that are found", caught, "faults", len(FAULTS), "more")
    others = [_alerts(_SAMPLE, set(clean) - {day}, [day], folder / f"{day}") for day in clean]
    yield Figure("false alerts on the sample's clean days", sum(map(len, others)), "alerts", 0, "less")
    generated = [_generated(folder / f"seed-{seed}", seed) for seed in range(100, 100 + _SEEDS)]
    name = f"false alerts on {_SEEDS * _DAYS_A_SEED} generated clean days"
    yield Figure(name, sum(map(len, generated)), "alerts", _MOST_FALSE_ALERTS, "less")


def _caught(alerts: Sequence[_Alert]) -> int:
    """Count the faults with an alert of their own: an anomaly of the column, or the rate of the silent category."""
    columns = {alert.subject for alert in alerts}
    if any(
        alert.subject == label_rates.NAME and alert.found.startswith(f"category {SILENT_CATEGORY}:")
        for alert in alerts
    ):
        columns.add("clicked")
    return sum(fault.column in columns for fault in FAULTS)


def _generated(folder: Path, seed: int) -> list[_Alert]:
    last = _TRAIN_DAYS + _DAYS_A_SEED
    for span, blocks in Generator(Config(seed=seed, spans=last)).spans():
        write_span(folder, span, blocks)
    days = range(1, last + 1)
    return _alerts(folder, days[:_TRAIN_DAYS], days[_TRAIN_DAYS:], folder / "examples")


def _alerts(data: Path, train: Iterable[int], days: Iterable[int], scratch: Path) -> list[_Alert]:
    """Return what the schema and the checks say to each day by itself, given the days of training."""
    project = Project.load("recommender")
    checks = checks_of(project)
    _write(project, data, train, scratch / "train", SPLITS[0])
    feed(checks, scratch / "train", SPLITS[0])
    return [
        alert
        for day in days
        for alert in _of_day(project, data, day, scratch / f"day-{day}", copy.deepcopy(checks))
    ]


def _of_day(project: Project, data: Path, day: int, examples: Path, checks: list[Check]) -> list[_Alert]:
    """Judge one day with checks that have seen the days of training."""
    _write(project, data, [day], examples, SPLITS[1])
    feed(checks, examples, SPLITS[1])
    statistics = compute_statistics(examples / f"Split-{SPLITS[1]}")
    schema = read_schema(project.folder / SCHEMA_FILE)
    anomalies = tfdv.validate_statistics(statistics, schema).anomaly_info.items()
    return [
        *(_Alert(day, feature, info.description) for feature, info in anomalies),
        *(_Alert(day, one.check, one.found) for one in speak(checks) if one.state != "ok"),
    ]


def _write(project: Project, data: Path, spans: Iterable[int], examples: Path, split: str) -> None:
    with split_writer(examples, split) as writer:
        for span in spans:
            file = data / "impressions" / f"span-{span}" / "impressions.csv"
            for batch in read_batches(file, "csv", ",", project.columns, project.label):
                for record in encode(batch):
                    writer.write(record)
