"""Calibration and TFMA's plots: histograms computed in arrays, from which TFMA's own code derives the rest."""

from __future__ import annotations

from typing import Any

import numpy as np
from tensorflow_model_analysis.metrics import calibration_histogram, calibration_plot, confusion_matrix_plot

from kit.evaluation.local.buckets import bucket_numbers, histograms, parts_of
from kit.evaluation.local.formulas import Asked, Compute, divided, formula
from kit.evaluation.local.rows import NotLocalError, Sample, Values
from kit.evaluation.metrics import calibration


@formula(calibration.CalibrationError)
def _calibration_error(asked: Asked) -> Compute:
    asked.one_output().of_rows()
    bins = asked.settings["num_bins"]
    edges = np.linspace(0, 1, bins + 1)[:-1]
    parts = parts_of(edges)[bucket_numbers(asked.predictions)]
    residuals = (asked.predictions.astype(np.float64) - asked.labels) * asked.weights

    def compute(sample: Sample) -> dict[Any, Values]:
        places = sample.slices.numbers * bins + parts[sample.slices.elements]
        count = len(sample.slices.keys)
        sums = np.bincount(places, sample.counted(residuals), count * bins).reshape(count, bins)
        return {asked.key: divided(np.abs(sums).sum(axis=1), sample.sum(asked.weights))}

    return compute


@formula(calibration_plot.CalibrationPlot, confusion_matrix_plot.ConfusionMatrixPlot)
def _plot(asked: Asked) -> Compute:
    """Plots have no intervals, so this is computed only once, and may take as long per slice as TFMA."""
    asked.one_output().of_rows()
    first, *derived = asked.computations()
    combiner = first.combiner
    if not isinstance(combiner, calibration_histogram._CalibrationHistogramCombiner):  # noqa: SLF001
        raise NotLocalError(f"{asked.key.name} is made of {type(combiner).__name__}")
    left = combiner._left  # noqa: SLF001
    if np.isnan(asked.predictions).any() or not combiner._prediction_based_bucketing:  # noqa: SLF001
        raise NotLocalError(f"{asked.key.name} of predictions that are no numbers")
    if combiner._num_buckets != calibration_histogram.DEFAULT_NUM_BUCKETS:  # noqa: SLF001
        raise NotLocalError(f"{asked.key.name} of {combiner._num_buckets} buckets")  # noqa: SLF001
    numbers = bucket_numbers(asked.predictions, left, left + combiner._range)  # noqa: SLF001
    [histogram_key], [key] = first.keys, derived[-1].keys

    def compute(sample: Sample) -> dict[Any, Values]:
        column = np.empty(len(sample.slices.keys), object)
        found = histograms(sample, numbers, asked.labels, asked.predictions, asked.weights)
        for number, buckets in enumerate(found):
            results = {histogram_key: buckets}
            for one in derived:
                results |= one.result(results)
            column[number] = results[key]
        return {key: column}

    return compute
