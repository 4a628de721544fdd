"""An evaluation as plain columns that a view can show: one entry a slice."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kit.evaluation.config import POSITIVE_SHARE
from kit.evaluation.intervals import interval
from kit.evaluation.metrics.validation import EXAMPLE_COUNT
from kit.evaluation.results import SliceKey, load_slices
from kit.project import Project
from kit.project_file import Gate


def slice_columns(evaluation: Path, project: Project) -> dict[str, Any]:
    """Return the metrics of the project on every slice of an evaluation.

    Returns:
        `names` and `cuts` of the slices, `examples`, the row `overall`, and for each of the `models` (candidate, and
        baseline where there was one) its metrics: name, values [slices], threshold, larger_is_better, and the bounds
        lower and upper of the 95 % confidence interval where there is a formula for it. A gate's threshold is drawn
        where it is for all rows. NaN: not computed.
    """
    found = {
        "candidate": dict(load_slices(evaluation)),
        "baseline": dict(load_slices(evaluation, of="baseline")),
    }
    keys = list(found["candidate"])
    return {
        "names": [", ".join(f"{column}: {value}" for column, value in key) or "All rows" for key in keys],
        "cuts": [", ".join(column for column, _ in key) for key in keys],
        "examples": _values(EXAMPLE_COUNT, keys, found["candidate"]),
        "models": {
            model: [_metric(name, keys, slices, project) for name in project.spec.evaluated]
            for model, slices in found.items()
            if slices
        },
        "overall": keys.index(()) if () in keys else None,
    }


def _metric(
    name: str, keys: list[SliceKey], slices: Mapping[SliceKey, Mapping[str, float]], project: Project
) -> dict[str, Any]:
    values, examples, positive_share = (
        _values(of, keys, slices) for of in (name, EXAMPLE_COUNT, POSITIVE_SHARE)
    )
    bounds = interval(name, values, examples, positive_share)
    gates = [gate for gate in project.spec.gates if gate.metric == name and not gate.slice]
    return {
        "name": name,
        "values": values,
        **(dict(zip(("lower", "upper"), bounds, strict=True)) if bounds else {}),
        **_threshold(gates),
    }


def _values(
    name: str, keys: list[SliceKey], slices: Mapping[SliceKey, Mapping[str, float]]
) -> NDArray[np.float64]:
    return np.array([slices.get(key, {}).get(name, np.nan) for key in keys], np.float64)


def _threshold(gates: list[Gate]) -> dict[str, Any]:
    """Return the first bound on all rows, from below or from above, and which side of it is better."""
    for gate in gates:
        if gate.min is not None or gate.max is not None:
            return {
                "threshold": gate.min if gate.min is not None else gate.max,
                "larger_is_better": gate.max is None,
            }
    return {}
