"""Distances and qualities for views: the same in tests, in notebooks that tests open, and in golden files."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from widget_examples import HOSTILE

from widgets.drift import Drift
from widgets.live_quality import LiveQuality

TRAINING, DAY_BEFORE = "training", "day before"
COMPARISONS = {TRAINING: "the training data", DAY_BEFORE: "the day before"}
_FIRST = dt.date(2026, 1, 3)


class FeatureDrift(NamedTuple):
    """A feature as `kit.monitoring.drift` gives it, without TensorFlow in the kernels of browser tests."""

    name: str
    measure: str
    threshold: float
    distances: Mapping[str, Sequence[float | None]]
    limits: Mapping[str, Sequence[float | None]]


class Estimate(NamedTuple):
    """A value with its interval, as `kit.monitoring.metrics` gives it."""

    value: float
    lower: float
    upper: float


class QualityDay(NamedTuple):
    """A day as `kit.monitoring.quality` gives it."""

    day: dt.date
    counts: Mapping[str, int]
    metrics: Mapping[str, Estimate]


EVALUATED = {"auc": Estimate(0.8133, 0.7904, 0.8361), "logloss": Estimate(0.3127, math.nan, math.nan)}


def days(amount: int) -> list[dt.date]:
    return [_FIRST + dt.timedelta(days=place) for place in range(amount)]


def few(**state: object) -> Drift:
    """Six days: a price that jumps, a device that moves slowly, a new score, and one that is never comparable."""
    features = [
        _feature("region", [0.03, 0.02, 0.04, 0.02, 0.03, 0.02]),
        _feature("device", [0.02, 0.04, 0.06, 0.09, 0.11, 0.14]),
        _feature("price", [0.001, 0.0, 0.002, 0.001, 0.0, 0.9967], "jensen-shannon"),
        _drift(
            "prediction_score", "jensen-shannon", 0.1,
            {TRAINING: [None] * 6, DAY_BEFORE: [None, 0.01, 0.02, 0.01, 0.01, 1.0]},
        ),
        _drift("age", "jensen-shannon", 0.0, {TRAINING: [0.0] * 6, DAY_BEFORE: [None, *[0.0] * 5]}),
    ]  # fmt: skip
    return Drift(days(6), features, COMPARISONS, **state)


def empty() -> Drift:
    return Drift([], [_feature("price", [])], COMPARISONS)


def one_day(**state: object) -> Drift:
    return Drift(days(1), [_feature("price", [0.3])], COMPARISONS, **state)


def many(features: int = 500, amount: int = 90, **state: object) -> Drift:
    draw = np.random.default_rng(3)
    rows = [
        _feature(f"feature_{number:03}", (draw.random(amount) ** 6).round(4).tolist())
        for number in range(features)
    ]
    return Drift(days(amount), rows, COMPARISONS, **state)


def hostile(**state: object) -> Drift:
    rows = [_feature(name, [0.0, 0.5], HOSTILE[0]) for name in HOSTILE]
    return Drift(days(2), rows, {TRAINING: HOSTILE[1], DAY_BEFORE: HOSTILE[2]}, **state)


def live(amount: int = 6) -> LiveQuality:
    """Days of which the last but one has few labels yet, and the last none."""
    rows = [
        QualityDay(day, _counts(4000, 3900), _metrics(0.81 - 0.002 * place, 0.02))
        for place, day in enumerate(days(amount - 2))
    ]
    young, new = days(amount)[-2:]
    rows += [
        QualityDay(young, _counts(4000, 300), _metrics(0.79, 0.07)),
        QualityDay(new, _counts(4000, 0), {}),
    ]
    return LiveQuality(rows, "auc", EVALUATED, "15,900 labels have arrived.")


def hostile_live() -> LiveQuality:
    metrics = dict.fromkeys(HOSTILE, Estimate(0.5, 0.4, 0.6))
    rows = [QualityDay(day, {HOSTILE[3]: 7}, metrics) for day in days(2)]
    return LiveQuality(rows, HOSTILE[0], metrics, HOSTILE[1])


def _feature(name: str, to_training: list[float | None], measure: str = "l-infinity") -> FeatureDrift:
    before = [None, *(_apart(past, now) for past, now in pairwise(to_training))][: len(to_training)]
    return _drift(name, measure, 0.1, {TRAINING: to_training, DAY_BEFORE: before})


def _drift(
    name: str, measure: str, threshold: float, distances: Mapping[str, Sequence[float | None]]
) -> FeatureDrift:
    """A feature of which chance explains nothing."""
    limits = {
        one: [None if value is None else threshold for value in values] for one, values in distances.items()
    }
    return FeatureDrift(name, measure, threshold, distances, limits)


def _apart(past: float | None, now: float | None) -> float | None:
    return None if past is None or now is None else abs(now - past)


def _counts(logged: int, labelled: int) -> dict[str, int]:
    rest = logged - labelled
    return {
        "logged": logged, "labelled": labelled, "waiting": rest if labelled < logged / 2 else 0,
        "never": rest if labelled >= logged / 2 else 0, "late": 0, "repeated": 0,
    }  # fmt: skip


def _metrics(auc: float, margin: float) -> dict[str, Estimate]:
    return {
        "auc": Estimate(auc, auc - margin, auc + margin),
        "logloss": Estimate(0.31, 0.29, 0.33),
        "calibration": Estimate(0.95, 0.88, 1.03),
    }
