"""TFMA's verdict on the gates, with slices that are too small treated as absent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.evaluators import metrics_validator
from tensorflow_model_analysis.proto import validation_result_pb2

from kit.evaluation.metrics.slice_rules import rules_of
from kit.evaluation.names import EXAMPLE_COUNT

_validate = metrics_validator.validate_metrics


def validate_metrics(sliced_metrics: Any, eval_config: tfma.EvalConfig) -> Any:
    """Do what TFMA's function of this name does, except that slices that are too small do not decide gates.

    So a gate on every value of a column is decided by those with enough rows, and a gate whose slices are all too small
    is missed, like one whose slice does not exist: a model has to prove itself on enough rows.
    """
    slice_key, metrics = sliced_metrics
    if slice_key and _count(metrics) < rules_of(eval_config)["min_slice_size"]:
        return validation_result_pb2.ValidationResult(validation_ok=True)
    return _validate(sliced_metrics, eval_config)


def _count(metrics: Mapping[Any, Any]) -> float:
    counts = (float(value) for key, value in metrics.items() if key.name == EXAMPLE_COUNT)
    return next(counts, float("inf"))


def judge_by_slices_of_size() -> None:
    """Make this process, which runs a single executor, validate as above."""
    metrics_validator.validate_metrics = validate_metrics
