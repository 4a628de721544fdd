"""A prediction falls into the bucket that TFMA's histogram puts it into."""

from __future__ import annotations

import numpy as np
import pytest
from tensorflow_model_analysis.metrics import calibration_histogram, metric_types

from kit.evaluation.local.buckets import bucket_numbers, parts_of

VALUES = np.array(
    [-5, -0.00005, 0, 1e-9, 0.00009999, 0.0001, 0.25, 0.3, 0.9999, 0.99999999, 1, 1.5], np.float64
)


@pytest.mark.parametrize("limits", [(0.0, 1.0), (-1.0, 3.0)], ids=str)
def test_buckets_are_tfmas(limits: tuple[float, float]) -> None:
    [computation] = calibration_histogram.calibration_histogram(left=limits[0], right=limits[1])
    expected = [computation.combiner._bucket_index(value) for value in VALUES]
    assert bucket_numbers(VALUES, *limits).tolist() == expected
    assert isinstance(computation.keys[0], metric_types.PlotKey)


def test_buckets_lie_between_the_edges_that_rebin_puts_them_between() -> None:
    edges = np.array([0.0, 0.1, 0.25, 0.7])
    buckets = np.arange(calibration_histogram.DEFAULT_NUM_BUCKETS + 2)
    full = [calibration_histogram.Bucket(int(number), 0.0, 0.0, 1.0) for number in buckets]
    expected = [one.weighted_examples for one in calibration_histogram.rebin(edges.tolist(), full)]
    assert np.bincount(parts_of(edges), minlength=len(edges)).tolist() == expected
