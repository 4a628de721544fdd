"""What monitoring may have found, made up: drift of features, broken rules, and live quality."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from kit.monitoring.drift import DAY_BEFORE, TRAINING, BrokenRule, FeatureDrift, LogDrift
from kit.monitoring.metrics import CALIBRATION, Estimate
from kit.monitoring.quality import Quality, QualityDay

DAYS = (dt.date(2026, 1, 7), dt.date(2026, 1, 8))
_COUNTS = {"logged": 4000, "labelled": 3900, "waiting": 0, "never": 60, "late": 40, "repeated": 0}


def drift(
    far: Mapping[str, Sequence[float]] | None = None,
    broken: Sequence[tuple[int, str]] = (),
    age_days: float | None = 2.0,
    days: Sequence[dt.date] = DAYS,
) -> LogDrift:
    """Features `a`, `b` and `c`, near but for those given with their distances to the training data a day."""
    features = []
    for name in ("a", "b", "c"):
        before: list[float | None] = [None, *([0.02] * (len(days) - 1))][: len(days)]
        to_training: list[float | None] = [*(far or {}).get(name, [0.01] * len(days))]
        distances = {TRAINING: to_training, DAY_BEFORE: before}
        limits = {
            one: [None if value is None else 0.1 for value in values] for one, values in distances.items()
        }
        features.append(FeatureDrift(name, "l-infinity", 0.1, distances, limits))
    rules = tuple(
        BrokenRule(days[place], name, f"Unexpected values. {name} is odd.") for place, name in broken
    )
    return LogDrift(tuple(days), (4000,) * len(days), tuple(features), rules, age_days)


def quality(
    auc: float | None = 0.81,
    error: float = 0.005,
    calibration: float = 1.0,
    counts: Mapping[str, int] | None = None,
) -> Quality:
    """The live AUC with its standard error, where 0.81 ± 0.005 was evaluated; None: no label has arrived."""
    evaluated = {"auc": _estimate(0.81, 0.005)}
    if auc is None:
        return Quality((), "auc", evaluated, {}, 0, {}, "no label has arrived for these days")
    live = {"auc": _estimate(auc, error), CALIBRATION: _estimate(calibration, 0.02)}
    days = tuple(QualityDay(day, {**_COUNTS, **(counts or {})}, live) for day in DAYS)
    return Quality(
        days, "auc", evaluated, live, 7800, {"read": 7900, "repeated": 0, "changed": 0, "unknown": 0}
    )


def _estimate(value: float, error: float) -> Estimate:
    return Estimate(value, value - 1.959964 * error, value + 1.959964 * error)
