"""An evaluation as plain columns for a view, with one entry per slice."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kit.evaluation.gate_checks import Found, slice_name
from kit.evaluation.intervals import interval
from kit.evaluation.names import BASELINE, CANDIDATE, EXAMPLE_COUNT, POSITIVE_SHARE, slice_title
from kit.evaluation.results import EvaluatedSlices, SliceKey
from kit.evaluation.sections import HIGHER_IS_BETTER
from kit.project import Project

Slices = Mapping[SliceKey, Mapping[str, float]]
Intervals = Mapping[SliceKey, Mapping[str, tuple[float, float]]]
Asked = Mapping[str, NDArray[np.float64]]
"""Arrays `at_least` and `at_most`, with a bound per slice; NaN: not asked."""


def slice_columns(evaluation: Path, project: Project) -> dict[str, Any]:
    """Return the metrics of the project on every slice of an evaluation.

    Returns:
        `names` and `cuts` of the slices, `examples`, which are `too_small` to be judged, the row `overall`, and for
        each of the `models` (candidate, and baseline where there was one) its metrics: name, values [slices],
        at_least and at_most [slices], which are what the gates ask of each slice, larger_is_better, and the bounds
        lower and upper of the 95% confidence interval: as Evaluator computed it, else by a formula where there is
        one. NaN: not computed, not asked, or of a slice that is too small.
    """
    evaluated = EvaluatedSlices(evaluation)
    candidate, baseline = dict(evaluated.metrics("model")), dict(evaluated.metrics("baseline"))
    keys = list(candidate)
    asked = _asked(evaluated.found(project), project, keys)
    examples = _values(EXAMPLE_COUNT, keys, candidate)
    too_small = (examples < project.spec.evaluation.min_slice_size) & np.array([bool(key) for key in keys])
    models = {CANDIDATE: _metrics(candidate, evaluated.intervals("model"), asked, keys, too_small)}
    if baseline:
        models[BASELINE] = _metrics(baseline, evaluated.intervals("baseline"), asked, keys, too_small)
    return {
        "names": [slice_title(key) for key in keys],
        "cuts": [", ".join(column for column, _ in key) for key in keys],
        "examples": examples,
        "too_small": too_small,
        "models": models,
        "overall": keys.index(()) if () in keys else None,
    }


def _metrics(
    slices: Slices,
    intervals: Intervals,
    asked: Mapping[str, Asked],
    keys: list[SliceKey],
    too_small: NDArray[np.bool_],
) -> list[dict[str, Any]]:
    """Return the metrics of a model, in the order of `asked`."""
    metrics = []
    for name, asked_of_it in asked.items():
        values = _values(name, keys, slices)
        bounds = _computed(name, keys, intervals)
        if bounds is None:
            bounds = interval(
                name, values, *(_values(of, keys, slices) for of in (EXAMPLE_COUNT, POSITIVE_SHARE))
            )
        columns = {"values": values, **(dict(zip(("lower", "upper"), bounds, strict=True)) if bounds else {})}
        metrics.append(
            {
                "name": name,
                **{column: np.where(too_small, np.nan, numbers) for column, numbers in columns.items()},
                **asked_of_it,
                "larger_is_better": HIGHER_IS_BETTER[name] is not False,
            }
        )
    return metrics


def _computed(
    name: str, keys: list[SliceKey], intervals: Intervals
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Return the bounds of a metric that Evaluator computed; None: on no slice."""
    if not any(name in metrics for metrics in intervals.values()):
        return None
    unknown = (np.nan, np.nan)
    bounds = np.array([intervals.get(key, {}).get(name, unknown) for key in keys], np.float64)
    return bounds[:, 0], bounds[:, 1]


def _values(name: str, keys: list[SliceKey], slices: Slices) -> NDArray[np.float64]:
    return np.array([slices.get(key, {}).get(name, np.nan) for key in keys], np.float64)


def _asked(found: Found, project: Project, keys: list[SliceKey]) -> Mapping[str, Asked]:
    """Return of each metric of the project what the gates ask of each slice; the narrowest where several do.

    Bounds on a change are not among them: they move with the baseline.
    """
    places = {slice_name(key): place for place, key in enumerate(keys)}
    asked = {
        name: {side: np.full(len(keys), np.nan) for side in ("at_least", "at_most")}
        for name in project.spec.evaluated
    }
    for gate in project.spec.gates:
        for name in found.slices_of(gate):
            if gate.metric not in asked or name not in places:
                continue
            low, high = (asked[gate.metric][side] for side in ("at_least", "at_most"))
            place = places[name]
            low[place] = np.fmax(low[place], np.nan if gate.min is None else gate.min)
            high[place] = np.fmin(high[place], np.nan if gate.max is None else gate.max)
    return asked
