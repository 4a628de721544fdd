"""Metrics of confusion matrices: at single thresholds, and over all thresholds of a curve.

TFMA makes the matrices of a curve from a histogram of 10,000 buckets, in Python, slice by slice. Here they come from
the buckets that rows fell into, all slices at once; and an area under a curve is added up over those buckets alone, as
nothing changes between them. Metrics are computed from their matrices by TFMA's own code, except for the areas.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from tensorflow_model_analysis.metrics import (
    binary_confusion_matrices,
    calibration_histogram,
    confusion_matrix_metrics,
)

from kit.evaluation.local.buckets import Areas, Buckets
from kit.evaluation.local.formulas import Asked, Compute, formula
from kit.evaluation.local.rows import NotLocalError, Sample, Values

_EPSILON = binary_confusion_matrices._EPSILON  # noqa: SLF001  by which TFMA moves thresholds off the buckets' edges


@formula(confusion_matrix_metrics.AUC, confusion_matrix_metrics.AUCPrecisionRecall)
def _area(asked: Asked) -> Compute:
    settings = asked.settings
    plain = settings["thresholds"] is None and settings["summation_method"] == "interpolation"
    if not plain or settings["top_k"] is not None or settings["class_id"] is not None:
        return _of_matrices(asked)
    thresholds = settings["num_thresholds"] or binary_confusion_matrices.DEFAULT_NUM_THRESHOLDS
    areas = asked.once(f"areas of {thresholds} thresholds", lambda: Areas(_buckets(asked), thresholds))
    curve = areas.roc if settings["curve"] == "ROC" else areas.precision_recall
    return lambda sample: {asked.key: curve(sample)}


@formula(
    confusion_matrix_metrics.ConfusionMatrixMetricBase,
    confusion_matrix_metrics.ConfusionMatrixAtThresholds,
    subclasses=True,
)
def _of_matrices(asked: Asked) -> Compute:
    first, *derived = _checked(asked).computations()
    matrices_key = derived[0].keys[-1]
    if isinstance(first.combiner, calibration_histogram._CalibrationHistogramCombiner):  # noqa: SLF001
        matrices_of = _along(asked, derived[0])
    elif isinstance(first.combiner, binary_confusion_matrices._BinaryConfusionMatrixCombiner):  # noqa: SLF001
        matrices_of = _at(asked, first.combiner._binary_confusion_matrices._thresholds)  # noqa: SLF001
    else:
        raise NotLocalError(f"{asked.key.name} is made of {type(first.combiner).__name__}")
    if len(derived) > 2:  # noqa: PLR2004  matrices, and what they are made into
        raise NotLocalError(f"{asked.key.name} is derived in more than one step")
    [key] = derived[-1].keys

    def compute(sample: Sample) -> dict[Any, Values]:
        made = [derived[-1].result({matrices_key: matrices})[key] for matrices in matrices_of(sample)]
        return {key: _as_column(made)}

    return compute


def _checked(asked: Asked) -> Asked:
    """Return itself.

    Raises:
        NotLocalError: when labels are not within 0 to 1, a prediction is not a number, or classes are chosen: all left
            to TFMA.
    """
    asked.one_output().of_rows()
    if asked.settings.get("top_k") is not None or asked.settings.get("class_id") is not None:
        raise NotLocalError(f"{asked.key.name} of one class, or of the top ones")
    if not ((asked.labels >= 0) & (asked.labels <= 1)).all() or np.isnan(asked.predictions).any():
        raise NotLocalError(
            f"{asked.key.name} of labels beyond 0 and 1, or of predictions that are no numbers"
        )
    return asked


def _as_column(made: list[Any]) -> Values:
    """Put the values of slices into an array, numeric where they are numbers."""
    if all(np.ndim(one) == 0 and isinstance(one, int | float | np.number) for one in made):
        return np.array(made, np.float64)
    column = np.empty(len(made), object)
    column[:] = made
    return column


def _at(asked: Asked, thresholds: list[float]) -> Any:
    """Return a function that gives the matrices at a few thresholds, [thresholds] each, one slice after another."""
    name = f"matrices at {thresholds}"
    at = asked.once(name, lambda: _terms(asked, thresholds))

    def matrices(sample: Sample) -> list[Any]:
        if (name, id(at)) not in sample.remembered:  # many metrics look at the same thresholds
            sample.remembered[name, id(at)] = [
                binary_confusion_matrices.Matrices(list(thresholds), *sums.tolist())
                for sums in sample.sum(at).reshape(-1, 4, len(thresholds))
            ]
        return sample.remembered[name, id(at)]  # type: ignore[no-any-return]

    return matrices


def _terms(asked: Asked, thresholds: list[float]) -> Values:
    """Return what each row adds to true and false positives and negatives, [rows, 4 times thresholds]."""
    above = asked.predictions[:, None].astype(np.float64) > np.array(thresholds, np.float64)
    positive = (asked.labels * asked.weights)[:, None]
    negative = ((1 - asked.labels) * asked.weights)[:, None]
    return np.concatenate([positive * above, negative * ~above, negative * above, positive * ~above], axis=1)


def _buckets(asked: Asked) -> Buckets:
    checked = _checked(asked)
    return Buckets(checked.labels, checked.predictions, checked.weights)


def _along(asked: Asked, derived: Any) -> Any:
    """Return a function that gives the matrices along a curve, one slice after another."""
    variables = dict(zip(derived.result.__code__.co_freevars, derived.result.__closure__, strict=True))
    thresholds = list(variables["thresholds"].cell_contents)
    if len(thresholds) == 1 and thresholds[0] < 0:
        raise NotLocalError(f"{asked.key.name} of the top classes")
    edges = [one + _EPSILON if one != 0 else one for one in thresholds]
    if thresholds[0] >= 0:
        edges = [-_EPSILON, *edges]
    if thresholds[-1] < 1.0:
        edges = [*edges, 1.0 + _EPSILON]
    buckets = _buckets(asked)
    offset = 1 if (thresholds[0] >= 0 or len(thresholds) == 1) and len(edges) > 1 else 0
    beyond = np.array(thresholds) >= 1.0 + _EPSILON

    def matrices(sample: Sample) -> Iterator[Any]:
        for positive, negative in buckets.dense(sample, np.array(edges)):
            tp, fp = (np.cumsum(part[::-1])[::-1] for part in (positive, negative))
            fn, tn = (np.concatenate([[0.0], np.cumsum(part)[:-1]]) for part in (positive, negative))
            tp, tn, fp, fn = (part[offset : offset + len(thresholds)] for part in (tp, tn, fp, fn))
            tp[beyond], fp[beyond] = 0.0, 0.0
            fn[beyond], tn[beyond] = tp[0], fp[0]
            yield binary_confusion_matrices.Matrices(thresholds, tp, tn, fp, fn)

    return matrices
