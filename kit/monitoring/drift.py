"""How far each day of the prediction log is from the training data and from the day before, and what breaks the schema.

Distances are TFDV's own. A day of few requests differs by chance alone, and is not compared.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from kit.checks.distances import Distance, distances
from kit.data.environments import SERVING, add_environments, validate
from kit.data.schema import load_schema
from kit.data.statistics import load_statistics
from kit.errors import ProjectError
from kit.monitoring.log import OWN_COLUMNS, SCORE
from kit.monitoring.served import Served
from kit.monitoring.statistics import load_days
from kit.project import Project
from kit.session import Session

TRAINING, DAY_BEFORE = "training", "day before"
COMPARISONS = {TRAINING: "the training data", DAY_BEFORE: "the day before"}
"""What a day is compared with, and how it reads."""

_Statistics: TypeAlias = statistics_pb2.DatasetFeatureStatisticsList
_DAY_SECONDS = 86_400


@dataclass(frozen=True)
class FeatureDrift:
    """One feature of the log.

    Attributes:
        name: of the feature.
        measure: `l-infinity` or `jensen-shannon`.
        threshold: the greatest distance that is daily life.
        distances: for each of COMPARISONS one a day; None: one of the two had no value, or nothing to compare with.
    """

    name: str
    measure: str
    threshold: float
    distances: Mapping[str, Sequence[float | None]]

    def too_far(self, comparison: str) -> list[int]:
        """Return the places of the days on which it was too far."""
        found = enumerate(self.distances[comparison])
        return [place for place, value in found if value is not None and value > self.threshold]


@dataclass(frozen=True)
class BrokenRule:
    """What the schema does not allow, and was asked all the same.

    Attributes:
        day: on which.
        feature: that the rule is of.
        found: in a sentence.
    """

    day: dt.date
    feature: str
    found: str


@dataclass(frozen=True)
class LogDrift:
    """What the statistics of the log say.

    Attributes:
        days: in order.
        requests: rows of each day.
        features: those that can be compared.
        broken: rules of the schema, environment SERVING, that a day broke.
        age_days: between the newest row of the training data and the newest of the log; None: the data tell no time.
    """

    days: tuple[dt.date, ...]
    requests: tuple[int, ...]
    features: tuple[FeatureDrift, ...]
    broken: tuple[BrokenRule, ...]
    age_days: float | None


def measure(session: Session, version: Served) -> LogDrift:
    """Compare the days whose statistics were computed last.

    Raises:
        StepOrderError: when LogStatisticsGen has not run.
        ProjectError: when `monitoring.distances` names what is no feature of a request.
    """
    days = load_days(session)
    training = load_statistics(version.statistics, "train")
    schema = load_schema(session.path("SchemaGen", "schema"))  # as it is now: what was accepted is no anomaly
    return LogDrift(
        days=tuple(days),
        requests=tuple(_rows(statistics) for statistics in days.values()),
        features=tuple(_features(session.project, training, list(days.values()))),
        broken=tuple(_broken(schema, session.project.label, days)),
        age_days=_age(session.project, training, list(days.values())),
    )


def _features(project: Project, training: _Statistics, days: Sequence[_Statistics]) -> list[FeatureDrift]:
    settings = project.spec.monitoring
    comparable = _comparable(project)
    if unknown := sorted(settings.distances.keys() - comparable):
        raise ProjectError(
            f"{project.folder / 'project.yml'}: monitoring.distances must name features of a request that can be "
            f"compared, but has {', '.join(unknown)}. Choose from {', '.join(comparable)}."
        )
    days_before = [None, *days[:-1]] if days else []
    found = {
        TRAINING: [_distances(training, now, comparable, settings.least_rows) for now in days],
        DAY_BEFORE: [
            _distances(before, now, comparable, settings.least_rows)
            for before, now in zip(days_before, days, strict=True)
        ],
    }
    measures = {one.feature: one.measure for of_days in found.values() for day in of_days for one in day}
    by_name = {
        comparison: [{one.feature: one.value for one in day} for day in of_days]
        for comparison, of_days in found.items()
    }
    return [
        FeatureDrift(
            name,
            measures[name],
            settings.distances.get(name, settings.distance),
            {comparison: [day.get(name) for day in of_days] for comparison, of_days in by_name.items()},
        )
        for name in comparable
        if name in measures
    ]


def _comparable(project: Project) -> list[str]:
    """Return what can be compared: no key, and no time, which is another one every day; the answers too."""
    times = {"timestamp", "date"}
    return [*(name for name, column in project.features.items() if column.kind not in times), SCORE]


def _distances(
    before: _Statistics | None, now: _Statistics, names: Sequence[str], least_rows: int
) -> list[Distance]:
    """Return TFDV's distances of the features that both have; none where either has too few rows for them to tell."""
    if before is None or min(_rows(before), _rows(now)) < least_rows:
        return []
    return distances(before, now, names)


def _broken(
    schema: schema_pb2.Schema, label: str, days: Mapping[dt.date, _Statistics]
) -> Iterator[BrokenRule]:
    """Yield what the schema does not allow in requests; the log's own columns are none of its business."""
    add_environments(schema, label)
    for day, statistics in days.items():
        if not _rows(statistics):
            continue
        found = validate(statistics, schema, SERVING).anomaly_info
        for feature, info in sorted(found.items()):
            if feature not in OWN_COLUMNS:
                yield BrokenRule(day, feature, f"{info.short_description}. {info.description.strip()}")


def _age(project: Project, training: _Statistics, days: Sequence[_Statistics]) -> float | None:
    times = [name for name, column in project.columns.items() if column.kind == "timestamp"]
    if not times or not days:
        return None
    before, now = _greatest(training, times[0]), _greatest(days[-1], times[0])
    return None if before is None or now is None else (now - before) / _DAY_SECONDS


def _greatest(statistics: _Statistics, name: str) -> float | None:
    for feature in statistics.datasets[0].features:
        if feature.path.step[0] == name and feature.num_stats.common_stats.num_non_missing:
            return float(feature.num_stats.max)
    return None


def _rows(statistics: _Statistics) -> int:
    return int(statistics.datasets[0].num_examples)
