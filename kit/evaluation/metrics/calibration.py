"""Calibration error: how far scores are from the observed rates, from the same histogram as AUC."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from tensorflow_model_analysis.metrics import calibration_histogram, metric_types, metric_util

BINS = 20


def calibration_error(
    predictions: NDArray[np.float64], labels: NDArray[np.float64], examples: NDArray[np.float64]
) -> float:
    """Return the expected calibration error: |mean score - rate| of each bin, weighted by its rows; 0 to 1.

    Naeini and others, Obtaining well calibrated probabilities using Bayesian binning, AAAI (2015); Guo and others, On
    calibration of modern neural networks, ICML (2017).

    Args:
        predictions: the sum of the scores in each bin.
        labels: the sum of the labels.
        examples: the number of rows in each bin.
    """
    total = float(examples.sum())
    return float(np.abs(predictions - labels).sum()) / total if total else float("nan")


class CalibrationError(metric_types.Metric):
    """Expected calibration error over bins of equal width.

    Args:
        num_bins: the number of bins between score 0 and score 1.
        name: the name of the metric.
    """

    def __init__(self, num_bins: int = BINS, name: str = "calibration_error") -> None:
        super().__init__(metric_util.merge_per_key_computations(_computations), num_bins=num_bins, name=name)


metric_types.register_metric(CalibrationError)


def _computations(  # noqa: PLR0913, PLR0917  TFMA gives them by name
    num_bins: int,
    name: str,
    eval_config: Any = None,
    model_name: str = "",
    output_name: str = "",
    example_weighted: bool = False,
) -> list[Any]:
    where = {"model_name": model_name, "output_name": output_name, "example_weighted": example_weighted}
    key = metric_types.MetricKey(name=name, **where)
    computations = calibration_histogram.calibration_histogram(eval_config=eval_config, **where)
    histogram = computations[-1].keys[-1]
    edges = [float(edge) for edge in np.linspace(0, 1, num_bins + 1)[:-1]]

    def result(found: dict[Any, Any]) -> dict[Any, float]:
        buckets = calibration_histogram.rebin(edges, found[histogram])
        sums = np.array(
            [(one.weighted_predictions, one.weighted_labels, one.weighted_examples) for one in buckets]
        )
        return {key: calibration_error(*sums.reshape(-1, 3).T)}

    return [*computations, metric_types.DerivedMetricComputation(keys=[key], result=result)]
