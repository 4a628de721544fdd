"""TFMA's confidence intervals: the same metrics on samples of the rows, by Poisson bootstrap or jackknife.

As in TFMA each slice draws its own sample, there are 20 of them, and both models of an evaluation see the same.
"""

from __future__ import annotations

import numbers
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import numpy as np
from tensorflow_model_analysis import constants
from tensorflow_model_analysis.api import types
from tensorflow_model_analysis.evaluators import metrics_plots_and_validations_evaluator as evaluator
from tensorflow_model_analysis.metrics import metric_types
from tensorflow_model_analysis.proto import config_pb2

from kit.evaluation.local.rows import Sample, Slices, Values

Table = Mapping[Any, Values]
"""The values of every slice by TFMA's keys."""

_METHODS = config_pb2.ConfidenceIntervalOptions
_BUCKETS = evaluator._DEFAULT_NUM_JACKKNIFE_BUCKETS  # noqa: SLF001
_SAMPLES = evaluator._DEFAULT_NUM_BOOTSTRAP_SAMPLES  # noqa: SLF001
_ERROR = metric_types.MetricKey(constants.ERROR_METRIC_NAME)


def with_intervals(
    compute: Callable[[Sample], Table],
    slices: Slices,
    options: Any,
    without: Collection[Any] = (),
    seed: int | None = None,
) -> Table:
    """Return the values on all rows, with their spread over 20 samples where that is asked for.

    Args:
        compute: computes the values on the slices of a sample.
        slices: the slices of rows or queries.
        options: TFMA's options.
        without: the keys of metrics without an interval.
        seed: the seed of the samples; None: a different one each time, as in TFMA.
    """
    points = dict(compute(Sample(slices)))
    method = options.confidence_intervals.method
    if not options.compute_confidence_intervals.value or method not in (
        _METHODS.POISSON_BOOTSTRAP,
        _METHODS.JACKKNIFE,
    ):
        return points
    draw = np.random.default_rng(seed)
    spread = _Bootstrap() if method == _METHODS.POISSON_BOOTSTRAP else _Jackknife()
    keys = [key for key, values in points.items() if key not in without and _has_spread(values)]
    samples: dict[Any, list[Values]] = {key: [] for key in keys}
    seen = np.zeros(len(slices.keys), np.int64)
    for times in spread.samples(slices, draw):
        found = compute(Sample(slices, times))
        for key in keys:
            samples[key].append(found[key])
        seen += np.add.reduceat(times > 0, slices.starts) > 0
    complete = spread.complete(seen)
    for key in keys:
        points[key] = _told(points[key], *spread.of(points[key], samples[key]), complete, spread.count)
    if not complete.all():
        points[_ERROR] = _errors(seen, complete, spread.count)
    return points


def _has_spread(values: Values) -> bool:
    """Whether TFMA gives such values an interval: numbers, arrays of numbers and its own structures, but not plots."""
    if values.dtype != object:
        return True
    return all(
        isinstance(value, numbers.Number | types.StructuredMetricValue)
        or (isinstance(value, np.ndarray) and np.issubdtype(value.dtype, np.number))
        for value in values
    )


def _mean_and_deviation(values: list[Values]) -> tuple[Values, Values]:
    """Return them like TFMA's `mean_and_std` with one degree of freedom less, for all slices at once."""
    mean = sum(values[1:], values[0]) / len(values)
    residuals = [(value - mean) ** 2 for value in values]
    return mean, (sum(residuals[1:], residuals[0]) / (len(values) - 1)) ** 0.5


class _Bootstrap:
    """Every row counts as often as a draw from a Poisson distribution of mean 1."""

    count = _SAMPLES

    def samples(self, slices: Slices, draw: np.random.Generator) -> Iterator[Values]:
        for _ in range(self.count):
            yield draw.poisson(1, len(slices.elements)).astype(np.uint8)

    def complete(self, seen: Values) -> Values:
        """A sample without rows is one, too: TFMA computes its metrics from nothing."""
        return np.full(len(seen), True)

    def of(self, point: Values, samples: list[Values]) -> tuple[Values, Values]:
        del point
        return _mean_and_deviation(samples)


class _Jackknife:
    """Every sample leaves out one of 20 parts into which rows fall at random."""

    count = _BUCKETS

    def samples(self, slices: Slices, draw: np.random.Generator) -> Iterator[Values]:
        parts = draw.integers(self.count, size=len(slices.elements))
        for part in range(self.count):
            yield (parts != part).astype(np.uint8)

    def complete(self, seen: Values) -> Values:
        return np.asarray(seen == self.count)

    def of(self, point: Values, samples: list[Values]) -> tuple[Values, Values]:
        pseudo = [point * self.count - sample * (self.count - 1) for sample in samples]
        _, deviation = _mean_and_deviation(pseudo)
        return sum(samples[1:], samples[0]) / self.count, deviation / self.count**0.5


def _told(point: Values, mean: Values, deviation: Values, complete: Values, count: int) -> Values:
    told = np.empty(len(point), object)
    columns = (values.tolist() if values.dtype != object else values for values in (mean, deviation, point))
    for number, (one_mean, one_deviation, one_point) in enumerate(zip(*columns, strict=True)):
        told[number] = (
            types.ValueWithTDistribution(
                sample_mean=one_mean,
                sample_standard_deviation=one_deviation,
                unsampled_value=one_point,
                sample_degrees_of_freedom=count - 1,
            )
            if complete[number]
            else one_point
        )
    return told


def _errors(seen: Values, complete: Values, count: int) -> Values:
    """Return TFMA's message where a slice had no row in a sample, None elsewhere."""
    errors = np.empty(len(seen), object)
    for number in np.flatnonzero(~complete):
        errors[number] = (
            f"CI not computed because only {seen[number]} samples were non-empty. Expected {count}."
        )
    return errors
