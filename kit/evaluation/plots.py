"""An evaluation's plots as plain values that a view can draw."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_model_analysis as tfma

from kit.evaluation.intervals import wilson
from kit.evaluation.names import BASELINE, CANDIDATE, EXAMPLE_COUNT, slice_title
from kit.evaluation.results import SliceKey, load_slices, slice_key
from kit.project import Project


def calibration_curves(evaluation: Path, project: Project) -> list[dict[str, Any]]:
    """Return how often the model's predictions come true on each slice that is large enough, the largest first.

    Returns:
        For each slice and model its `slice`, its `model` (candidate, or baseline where there was one), and for the
        non-empty bins [bins]: `predicted`, the mean score; `observed`, the share of rows whose label is 1; `lower` and
        `upper`, the bounds of its 95% confidence interval (Wilson); `examples`, the number of rows. Empty: the project
        does not evaluate `calibration_error`.
    """
    least = project.spec.evaluation.min_slice_size
    examples = {key: metrics[EXAMPLE_COUNT] for key, metrics in load_slices(evaluation)}
    order = sorted(examples, key=lambda key: (bool(key), -examples[key]))
    curves = _loaded(evaluation)
    return [
        {"slice": slice_title(key), "model": model, **curve}
        for key in order
        if not key or examples[key] >= least
        for model, curve in sorted(curves.get(key, {}).items(), reverse=True)  # the candidate first
    ]


def _loaded(evaluation: Path) -> dict[SliceKey, dict[str, dict[str, Any]]]:
    found: dict[SliceKey, dict[str, dict[str, Any]]] = {}
    for plots in tfma.load_plots(str(evaluation)):
        for entry in plots.plot_keys_and_values:
            if entry.value.HasField("calibration_histogram_buckets"):
                model = BASELINE if entry.key.model_name == BASELINE else CANDIDATE
                curve = _curve(entry.value.calibration_histogram_buckets.buckets)
                found.setdefault(slice_key(plots.slice_key), {})[model] = curve
    return found


def _curve(buckets: Any) -> dict[str, Any]:
    sums = np.array(
        [
            (
                bucket.total_weighted_refined_prediction.value,
                bucket.total_weighted_label.value,
                bucket.num_weighted_examples.value,
            )
            for bucket in buckets
            if bucket.num_weighted_examples.value > 0
        ]
    ).reshape(-1, 3)
    predictions, labels, examples = sums.T
    observed = labels / examples
    lower, upper = wilson(observed, examples)
    return {
        "predicted": predictions / examples,
        "observed": observed,
        "lower": lower,
        "upper": upper,
        "examples": examples,
    }
