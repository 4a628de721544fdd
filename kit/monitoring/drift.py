"""The distance of each logged day from the training data and from the day before, and violations of the schema.

Distances and thresholds are those of `kit.checks.drift`: a day of few requests differs by chance alone, and is allowed
more.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from kit.checks.drift import Moved, compare
from kit.data.environments import SERVING, add_environments, validate
from kit.data.schema import load_schema
from kit.data.statistics import load_statistics
from kit.data.summaries import summarize
from kit.monitoring.last_push import PushedVersion
from kit.monitoring.log import OWN_COLUMNS, SCORE, PredictionLog
from kit.monitoring.statistics import load_days
from kit.project import Project
from kit.session import Session
from kit.units import SECONDS_PER_DAY

TRAINING, DAY_BEFORE = "training", "day before"
COMPARISONS = {TRAINING: "the training data", DAY_BEFORE: "the day before"}
"""What a day is compared with, and how it reads."""

_Statistics: TypeAlias = statistics_pb2.DatasetFeatureStatisticsList


@dataclass(frozen=True)
class FeatureDrift:
    """One feature of the log.

    Attributes:
        name: the name of the feature.
        measure: `l-infinity` or `jensen-shannon`.
        threshold: the threshold of `checks.drift` in project.yml: the distance that is normal from day to day.
        distances: for each of COMPARISONS one a day; None: there was nothing to compare. Of a number, the lesser of
            TFDV's divergence and that of the quantiles.
        limits: for each of them the threshold plus what chance explains.
    """

    name: str
    measure: str
    threshold: float
    distances: Mapping[str, Sequence[float | None]]
    limits: Mapping[str, Sequence[float | None]]

    def too_far(self, comparison: str) -> list[int]:
        """Return the indices of the days on which it moved too far."""
        pairs = zip(self.distances[comparison], self.limits[comparison], strict=True)
        return [
            place
            for place, (value, limit) in enumerate(pairs)
            if value is not None and limit is not None and value > limit
        ]


@dataclass(frozen=True)
class BrokenRule:
    """A request that the schema does not allow.

    Attributes:
        day: the day on which it happened.
        feature: the feature of the rule.
        found: the finding, a sentence.
    """

    day: dt.date
    feature: str
    found: str


@dataclass(frozen=True)
class LogDrift:
    """What the statistics of the log say.

    Attributes:
        days: the days, in order.
        requests: rows of each day.
        features: those that can be compared.
        broken: rules of the schema, environment SERVING, that a day broke.
        age_days: between the newest row of the training data and the newest of the log; None: the data have no time.
    """

    days: tuple[dt.date, ...]
    requests: tuple[int, ...]
    features: tuple[FeatureDrift, ...]
    broken: tuple[BrokenRule, ...]
    age_days: float | None


def measure(session: Session, version: PushedVersion) -> LogDrift:
    """Compare the days whose statistics were computed last.

    Raises:
        StepOrderError: when LogStatisticsGen has not run.
    """
    days = load_days(session)
    training = load_statistics(version.statistics, "train")
    # Today's schema, not the one of the training: what somebody has accepted since is no anomaly.
    schema = load_schema(session.path("SchemaGen", "schema"))
    return LogDrift(
        days=tuple(days),
        requests=tuple(_rows(statistics) for statistics in days.values()),
        features=tuple(_features(session.project, training, list(days.values()))),
        broken=tuple(_broken(schema, session, days)),
        age_days=_age(session.project, training, list(days.values())),
    )


def summarize_newest(session: Session, version: PushedVersion) -> dict[str, Any]:
    """Summarize the training data and the newest day, as `kit.data.summaries` does; without a log there is nothing.

    Raises:
        StepOrderError: when LogStatisticsGen has not run.
    """
    newest = dict(list(load_days(session).items())[-1:])
    training = {"training": load_statistics(version.statistics, "train")} if newest else {}
    by_day = {day.isoformat(): statistics for day, statistics in newest.items()}
    return summarize({**training, **by_day}, times=session.project.times)


def _features(project: Project, training: _Statistics, days: Sequence[_Statistics]) -> list[FeatureDrift]:
    pairs: dict[str, list[tuple[_Statistics | None, _Statistics]]] = {
        TRAINING: [(training, now) for now in days],
        DAY_BEFORE: list(zip([None, *days[:-1]], days, strict=True)) if days else [],
    }
    looks = sum(map(len, pairs.values()))
    moved = {
        comparison: [_moved(project, before, now, looks) for before, now in those]
        for comparison, those in pairs.items()
    }
    known = {name: one for those in moved.values() for day in those for name, one in day.items()}
    return [
        FeatureDrift(
            name,
            one.distance.measure,
            one.threshold,
            {comparison: [_seen(day.get(name)) for day in those] for comparison, those in moved.items()},
            {comparison: [_limit(day.get(name)) for day in those] for comparison, those in moved.items()},
        )
        for name, one in known.items()
    ]


def _moved(project: Project, before: _Statistics | None, now: _Statistics, looks: int) -> dict[str, Moved]:
    """Compare one day; the answers too, which the training data do not have."""
    found = compare(project, before, now, looks=looks, also=[SCORE]) if before is not None else []
    return {one.distance.feature: one for one in found}


def _seen(moved: Moved | None) -> float | None:
    """Return what both measures see: one far value moves TFDV's buckets, but not the quantiles."""
    if moved is None:
        return None
    value = moved.distance.value
    return value if moved.by_quantiles is None else min(value, moved.by_quantiles)


def _limit(moved: Moved | None) -> float | None:
    return None if moved is None else moved.threshold + moved.allowance


def _broken(
    schema: schema_pb2.Schema, session: Session, days: Mapping[dt.date, _Statistics]
) -> Iterator[BrokenRule]:
    """Yield what the schema does not allow in requests; the log's own columns are left out.

    A column that no request of a day could carry, because the signature looks it up itself, breaks no rule.
    """
    add_environments(schema, session.project.label)
    log = PredictionLog(session.workspace, session.project)
    for day, statistics in days.items():
        if not _rows(statistics):
            continue
        not_carried = set(log.request_columns) - log.table.columns(day)
        found = validate(statistics, schema, SERVING).anomaly_info
        for feature, info in sorted(found.items()):
            if feature not in OWN_COLUMNS and feature not in not_carried:
                yield BrokenRule(day, feature, f"{info.short_description}. {info.description.strip()}")


def _age(project: Project, training: _Statistics, days: Sequence[_Statistics]) -> float | None:
    times = project.times
    if not times or not days:
        return None
    before, now = _greatest(training, times[0]), _greatest(days[-1], times[0])
    return None if before is None or now is None else (now - before) / SECONDS_PER_DAY


def _greatest(statistics: _Statistics, name: str) -> float | None:
    for feature in statistics.datasets[0].features:
        if feature.path.step[0] == name and feature.num_stats.common_stats.num_non_missing:
            return float(feature.num_stats.max)
    return None


def _rows(statistics: _Statistics) -> int:
    return int(statistics.datasets[0].num_examples)
