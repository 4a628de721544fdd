"""Has a feature drifted: from the span before, from the training data, or slowly over many spans?

Two samples of one distribution are never at distance zero, and are farther apart the smaller they are. So a distance is
too large when it exceeds the threshold of project.yml by more than chance explains, once in 10,000 days over all
features. For numbers, both TFDV's buckets and the quantiles (see `kit.checks.quantiles`) must be that far apart. Chance
explains:

- Jensen-Shannon, in bits: (1/n + 1/m) / (8 ln 2) times a chi-square of as many degrees of freedom as there are buckets
  less one (Grosse and others, Analysis of symbolic sequences using the Jensen-Shannon divergence, Physical Review E 65
  (2002), for two samples of equal weight).
- L-infinity: the normal quantile times the standard deviation of the difference of the most variable share.

n and m count what is independent: the values of a key, such as requests, not their rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from tensorflow_metadata.proto.v0 import statistics_pb2

from kit.checks.chance import chi_square_quantile, normal_quantile
from kit.checks.check import Finding, judged_data, wrong
from kit.checks.distances import (
    JENSEN_SHANNON,
    Distance,
    Feature,
    Statistics,
    by_name,
    common,
    distances,
)
from kit.checks.quantiles import divergence
from kit.project import Project

NAME = "drift"
_COMPARED = {"number", "category", "id", "sequence"}
_FEWEST_SPANS = 4  # for a line through their means


@dataclass(frozen=True)
class Moved:
    """How far one feature has moved.

    Attributes:
        distance: as TFDV measures it.
        by_quantiles: the divergence of a number by its quantiles, which one outlier does not move; None: a text.
        allowance: what chance explains of it.
        threshold: the distance that is normal from day to day.
    """

    distance: Distance
    by_quantiles: float | None
    allowance: float
    threshold: float

    @property
    def excess(self) -> float:
        """How far it has moved beyond chance: the part that both measures see."""
        seen = (
            self.distance.value if self.by_quantiles is None else min(self.distance.value, self.by_quantiles)
        )
        return max(seen - self.allowance, 0.0)

    @property
    def too_far(self) -> bool:
        return self.excess > self.threshold


@dataclass(frozen=True)
class History:
    """What a span is compared with.

    Attributes:
        train: statistics of all training data together.
        spans: those of each span of train, where they are known.
        judged: those of each span of eval; None: of all of it.
    """

    train: Statistics
    spans: Mapping[int, Statistics]
    judged: Mapping[int | None, Statistics]


def compare(
    project: Project, before: Statistics, now: Statistics, *, looks: int = 1, also: Sequence[str] = ()
) -> list[Moved]:
    """Measure how far each feature has moved, with what chance explains of it.

    Args:
        project: the project whose features and thresholds they are.
        before: statistics of the reference.
        now: statistics of what is judged.
        looks: the number of comparisons of this kind in one judgement.
        also: columns that are compared beside those of the project.
    """
    was, has = by_name(before), by_name(now)
    rows = independent_rows(project, before), independent_rows(project, now)
    measured = distances(before, now, [*compared(project), *also])
    looks *= max(len(measured), 1)
    return [
        Moved(
            one,
            divergence(was[one.feature], has[one.feature]) if one.measure == JENSEN_SHANNON else None,
            _allowance(one, (was[one.feature], has[one.feature]), rows, looks),
            project.spec.checks.drift.threshold(one.feature),
        )
        for one in measured
    ]


def drift(project: Project, history: History) -> list[Finding]:
    """Return which features of a judged span have moved too far, or a little further with every span."""
    found = [one for span in history.judged for one in _of_span(project, history, span)]
    if found:
        return found
    features = len(compared(project))
    said = f"as before in all {features} features" if features > 1 else "as before in the only feature"
    return [Finding(NAME, said, "ok")]


def compared(project: Project) -> list[str]:
    """Return the columns that have a distribution to compare: not keys, texts, or times, which always move on."""
    return [
        name for name, column in project.columns.items() if column.kind in _COMPARED or name == project.label
    ]


def independent_rows(project: Project, statistics: Statistics) -> float:
    """Return the number of independent rows: those that share a key, such as a request, count as one."""
    features = by_name(statistics)
    keys = [
        features[name]
        for name, column in project.columns.items()
        if column.kind == "key" and name in features
    ]
    unique = [float(key.string_stats.unique) for key in keys if key.string_stats.unique]
    return min([float(statistics.datasets[0].num_examples), *unique])


def _of_span(project: Project, history: History, span: int | None) -> list[Finding]:
    now = history.judged[span]
    others = {**history.spans, **{one: found for one, found in history.judged.items() if one is not None}}
    before = max((one for one in others if span is not None and one < span), default=None)
    against = [(history.train, "train")]
    if before is not None and (len(history.spans) > 1 or before not in history.spans):
        against.append((others[before], f"span {project.span_label(before)}"))
    by_feature: dict[str, list[tuple[Moved, str]]] = {}
    for statistics, name in against:
        for moved in compare(project, statistics, now, looks=len(against)):
            if moved.too_far:
                by_feature.setdefault(moved.distance.feature, []).append((moved, name))
    what = judged_data(span, project.span_label)
    found = [_finding(NAME, project, feature, what, moved) for feature, moved in by_feature.items()]
    return [*found, *(one for one in _trends(project, history, span, what) if one.subject not in by_feature)]


def _finding(
    check: str, project: Project, feature: str, what: str, moved: Sequence[tuple[Moved, str]]
) -> Finding:
    worst, _ = max(moved, key=lambda one: one[0].excess)
    said = " and ".join(f"{one.distance.value:.3f} from {name}" for one, name in moved)
    return Finding(
        check,
        f"{feature}: in {what} {said} ({worst.distance.measure})",
        wrong(project.spec.checks.drift.severity),
        f"See what has changed in {feature}; if the world has changed, train on newer spans or raise the threshold.",
        subject=feature,
        value=worst.distance.value,
        expected=f"at most {worst.threshold:g}, and {worst.allowance:.3f} more by chance",
    )


def _trends(project: Project, history: History, span: int | None, what: str) -> Iterator[Finding]:
    """Yield the numbers whose mean moves with every span: each is near the one before, the last far from the first."""
    spans = [one for one in sorted(history.spans) if span is not None and one < span]
    if span is None or len(spans) + 1 < _FEWEST_SPANS:
        return
    days = [*(history.spans[one] for one in spans), history.judged[span]]
    named = [by_name(day) for day in days]
    rows = [independent_rows(project, day) for day in days]
    numbers = [name for name, column in project.columns.items() if column.kind == "number"]
    z, most = normal_quantile(len(numbers)), project.spec.checks.drift.trend
    for name in numbers:
        features = [day[name].num_stats for day in named if name in day]
        if len(features) < len(days) or not all(one.common_stats.num_non_missing for one in features):
            continue
        moved, error = _slope([*spans, span], [(one.mean, one.std_dev) for one in features], rows)
        usual = by_name(history.train)[name].num_stats.std_dev
        if usual and abs(moved) - z * error > most * usual:
            yield Finding(
                NAME,
                f"{name}: its mean moves a little with every span, by {moved:+.4g} from span "
                f"{project.span_label(spans[0])} to {what}, which is {abs(moved) / usual:.2f} standard deviations",
                wrong(project.spec.checks.drift.severity),
                f"See what changes in {name} from day to day; if the world has changed, train on newer spans.",
                subject=name,
                value=abs(moved) / usual,
                expected=f"at most {most:g} standard deviations over all spans",
            )


def _slope(
    spans: Sequence[int], means: Sequence[tuple[float, float]], rows: Sequence[float]
) -> tuple[float, float]:
    """Return how far the means move along a line from the first span to the last, and its standard error.

    The error is the sampling error of the means or their scatter about the line, whichever is larger.
    """
    x = np.array(spans, float) - np.mean(spans)
    mean, deviation = np.array(means).T
    slope = float(x @ mean / (x @ x))
    explained = float(np.sqrt(np.mean(deviation**2 / np.array(rows))))
    scatter = float(np.sqrt(np.sum((mean - mean.mean() - slope * x) ** 2) / (len(x) - 2)))
    width = float(np.ptp(x))
    return slope * width, max(explained, scatter) / float(np.sqrt(x @ x)) * width


def _allowance(
    distance: Distance, features: tuple[Feature, Feature], rows: tuple[float, float], looks: int
) -> float:
    """Return how far apart two samples of one distribution are by chance, at most."""
    inverse = sum(
        1 / max(_present(feature) * count, 1) for feature, count in zip(features, rows, strict=True)
    )
    if distance.measure == JENSEN_SHANNON:
        freedom = max(sum(_buckets(feature) for feature in features) - 1, 1)
        return min(chi_square_quantile(freedom, looks) * inverse / (8 * math.log(2)), 1.0)
    first, second = (_shares(feature) for feature in features)
    values = first.keys() | second.keys()
    mixed: list[float] = [(first.get(value, 0) + second.get(value, 0)) / 2 for value in values]
    variance: float = max((share * (1 - share) for share in mixed), default=0.25)
    return min(normal_quantile(looks * len(values)) * math.sqrt(variance * inverse), 1.0)


def _present(feature: Feature) -> float:
    counts = common(feature)
    return float(counts.num_non_missing / max(counts.num_non_missing + counts.num_missing, 1))


def _buckets(feature: Feature) -> int:
    """Count the buckets with values in the histogram that TFDV compares."""
    histograms = feature.num_stats.histograms
    standard = [one for one in histograms if one.type == statistics_pb2.Histogram.STANDARD]
    return sum(bucket.sample_count > 0 for one in standard[:1] for bucket in one.buckets)


def _shares(feature: Feature) -> dict[str, float]:
    counts = common(feature).tot_num_values
    buckets = feature.string_stats.rank_histogram.buckets
    return {bucket.label: bucket.sample_count / counts for bucket in buckets}
