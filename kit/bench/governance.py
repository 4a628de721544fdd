"""Count what the checks of the data find: every fault of the bad day, and nothing on days without any."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf
import tensorflow_data_validation as tfdv

from kit.bench.figure import Figure
from kit.checks.examine import checks_of
from kit.data.example_gen import SPLITS, encode
from kit.data.files import read_batches
from kit.data.records import decoded_batches
from kit.data.schema import read_schema
from kit.data.statistics import compute_statistics
from kit.project import Project
from kit.workspace import CHECKOUT
from sample_data import Config, Generator, write_span
from sample_data.faults import FAULTS

_SAMPLE = CHECKOUT / "sample_data"
_TRAIN_DAYS, _CLEAN_DAYS, _BAD_DAY = 6, 7, 8
_SEEDS, _DAYS_A_SEED = 25, 8
_MOST_FALSE_ALERTS = 2


def governance(folder: Path) -> Iterator[Figure]:
    """Judge the sample's days, and clean days that were generated with other seeds, as `01_data` does."""
    clean = range(1, _CLEAN_DAYS + 1)
    found = _alerts(_SAMPLE, clean[:_TRAIN_DAYS], [_BAD_DAY], folder / "bad")
    put_in = {fault.column for fault in FAULTS}
    seen = {column for alert in found for column in put_in if column in alert}
    yield Figure("faults of the bad day that are found", len(seen), "faults", len(put_in), "more")
    others = [_alerts(_SAMPLE, [d for d in clean if d != day], [day], folder / f"{day}") for day in clean]
    yield Figure("false alerts on the sample's clean days", sum(map(len, others)), "alerts", 0, "less")
    generated = [_generated(folder / f"seed-{seed}", seed) for seed in range(100, 100 + _SEEDS)]
    name = f"false alerts on {_SEEDS * _DAYS_A_SEED} generated clean days"
    yield Figure(name, sum(map(len, generated)), "alerts", _MOST_FALSE_ALERTS, "less")


def _generated(folder: Path, seed: int) -> list[str]:
    days = _TRAIN_DAYS + _DAYS_A_SEED
    for span, blocks in Generator(Config(seed=seed, spans=days)).spans():
        write_span(folder, span, blocks)
    return _alerts(folder, range(1, _TRAIN_DAYS + 1), range(_TRAIN_DAYS + 1, days + 1), folder / "examples")


def _alerts(data: Path, train: list[int] | range, days: list[int] | range, scratch: Path) -> list[str]:
    """Return what the schema and the checks say to each day by itself, given the days of training."""
    project = Project.load("recommender")
    schema = read_schema(project.folder / str(project.spec.schema_file))
    learnt, alerts = checks_of(project), []
    _write(project, data, train, scratch / "train", SPLITS[0])
    for records, batch in decoded_batches(scratch / "train", SPLITS[0]):
        for check in learnt:
            check.add(SPLITS[0], records, batch)
    for day in days:
        examples, checks = scratch / f"day-{day}", copy.deepcopy(learnt)
        folder = _write(project, data, [day], examples, SPLITS[1])
        anomalies = tfdv.validate_statistics(compute_statistics(folder), schema).anomaly_info
        alerts += [f"day {day}, {feature}: {info.description}" for feature, info in anomalies.items()]
        for records, batch in decoded_batches(examples, SPLITS[1]):
            for check in checks:
                check.add(SPLITS[1], records, batch)
        findings = [finding for check in checks for finding in check.findings() if finding.state != "ok"]
        alerts += [f"day {day}, {finding.check}: {finding.found}" for finding in findings]
    return alerts


def _write(project: Project, data: Path, spans: list[int] | range, examples: Path, split: str) -> Path:
    folder = examples / f"Split-{split}"
    folder.mkdir(parents=True)
    options = tf.io.TFRecordOptions(compression_type="GZIP")
    with tf.io.TFRecordWriter(str(folder / "rows.gz"), options) as writer:
        for span in spans:
            file = data / "impressions" / f"span-{span}" / "impressions.csv"
            for batch in read_batches(file, "csv", ",", project.columns, project.label):
                for record in encode(batch):
                    writer.write(record)
    return folder
