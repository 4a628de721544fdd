"""TFMA's calibration histogram of every slice: labels, predictions and weights of rows whose predictions are close."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from tensorflow_model_analysis.metrics import binary_confusion_matrices, calibration_histogram

from kit.evaluation.local.formulas import divided
from kit.evaluation.local.rows import Sample, Slices, Values

_COUNT = calibration_histogram.DEFAULT_NUM_BUCKETS
_SLICES_AT_ONCE = 64  # of 10,000 buckets: 5 MB per column


def bucket_numbers(values: Values, left: float = 0.0, right: float = 1.0, count: int = _COUNT) -> Values:
    """Return the bucket of each value: 0 is below `left`, `count` + 1 is `right` and above."""
    numbers = (values.astype(np.float64) - left) / (right - left) * count + 1
    return np.clip(np.trunc(np.clip(numbers, -1, count + 2)), 0, count + 1).astype(np.int64)


@dataclass(frozen=True)
class Buckets:
    """The buckets that rows fall into by their predictions.

    Attributes:
        labels: the labels, 0 to 1, [rows].
        predictions: [rows].
        weights: [rows].
    """

    labels: Values
    predictions: Values
    weights: Values

    def dense(self, sample: Sample, edges: Values) -> Iterator[tuple[Values, Values]]:
        """Yield for each slice the weight of positive and of negative labels between edges, both [edges].

        Args:
            sample: the sample of the slices.
            edges: the least prediction of each part; the first part also takes everything below.
        """
        parts = parts_of(edges)[bucket_numbers(self.predictions)][sample.slices.elements]
        numbers = sample.slices.numbers
        weights = [
            sample.counted(part) for part in (self.labels * self.weights, (1 - self.labels) * self.weights)
        ]
        for first in range(0, len(sample.slices.keys), _SLICES_AT_ONCE):
            last = min(first + _SLICES_AT_ONCE, len(sample.slices.keys))
            here = slice(*np.searchsorted(numbers, [first, last]))
            places = (numbers[here] - first) * len(edges) + parts[here]
            positive, negative = (
                np.bincount(places, weight[here], (last - first) * len(edges)).reshape(-1, len(edges))
                for weight in weights
            )
            yield from zip(positive, negative, strict=True)


def parts_of(edges: Values) -> Values:
    """Return the edges that each bucket lies between, like TFMA's `rebin`, [buckets + 2]."""
    lower = np.concatenate([[-np.inf], np.arange(_COUNT) / _COUNT, [np.inf]])
    return np.maximum(np.searchsorted(edges, lower, side="right") - 1, 0)


class _Order(NamedTuple):
    """Memberships sorted by slice and falling threshold, and where buckets end and slices begin."""

    order: Values
    last: Values
    first_of_slice: Values
    slice_of: Values


class Areas:
    """The areas under the curves of every slice.

    Args:
        buckets: the buckets of the rows.
        thresholds: the number of thresholds, evenly from 0 to 1.
    """

    def __init__(self, buckets: Buckets, thresholds: int) -> None:
        edges = np.array(binary_confusion_matrices._interpolated_thresholds(thresholds))  # noqa: SLF001
        # Above the last threshold no prediction counts as positive, not even those beyond it.
        parts = np.minimum(parts_of(edges + binary_confusion_matrices._EPSILON), thresholds - 2)  # noqa: SLF001
        self._part_of_row = parts[bucket_numbers(buckets.predictions)]
        self._positive = buckets.labels * buckets.weights
        self._negative = (1 - buckets.labels) * buckets.weights
        self._of: dict[int, _Order] = {}

    def roc(self, sample: Sample) -> Values:
        """Return the area under true over false positive rate of each slice, by the trapezoidal rule, [slices]."""
        order, tp, fp, before_tp, before_fp = self._curve(sample)
        positives, negatives = self._totals(order, tp), self._totals(order, fp)
        heights = _or_zero(tp + before_tp, positives) / 2
        return np.add.reduceat(_or_zero(fp - before_fp, negatives) * heights, order.first_of_slice)

    def precision_recall(self, sample: Sample) -> Values:
        """Return the area under precision over recall of each slice, [slices].

        Between two thresholds both kinds of positives are interpolated, not their quotient: Davis and Goadrich, The
        relationship between precision-recall and ROC curves, ICML 2006.
        """
        order, tp, fp, before_tp, before_fp = self._curve(sample)
        positives = self._totals(order, tp)
        p, before_p = tp + fp, before_tp + before_fp
        gained = tp - before_tp
        slope = divided(gained, np.maximum(p - before_p, 0))
        intercept = before_tp - slope * before_p
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(before_p != 0, p / before_p, 1.0)
            grown = slope * (gained + intercept * np.log(ratio)) / np.maximum(positives, 0)
        return np.add.reduceat(np.where(np.isnan(grown), 0.0, grown), order.first_of_slice)

    def _curve(self, sample: Sample) -> tuple[_Order, Values, Values, Values, Values]:
        """Return true and false positives at each bucket of each slice, and before it."""
        if id(self) not in sample.remembered:
            sample.remembered[id(self)] = self._counted(sample)
        return sample.remembered[id(self)]  # type: ignore[no-any-return]

    def _counted(self, sample: Sample) -> tuple[_Order, Values, Values, Values, Values]:
        order = self._ordered(sample.slices)
        columns = []
        for weights in (self._positive, self._negative):
            total = np.cumsum(sample.counted(weights)[order.order])[order.last]
            start = np.concatenate([[0.0], total])[order.first_of_slice][order.slice_of]
            columns += [total - start, np.concatenate([[0.0], total[:-1]]) - start]
        tp, before_tp, fp, before_fp = columns
        return order, tp, fp, before_tp, before_fp

    @staticmethod
    def _totals(order: _Order, counted: Values) -> Values:
        ends = np.append(order.first_of_slice[1:], len(order.last)) - 1
        return np.asarray(counted[ends][order.slice_of])

    def _ordered(self, slices: Slices) -> _Order:
        if id(slices) not in self._of:
            numbers, parts = slices.numbers, self._part_of_row[slices.elements]
            order = np.lexsort((-parts, numbers))
            numbers, parts = numbers[order], parts[order]
            changes = (np.diff(numbers) != 0) | (np.diff(parts) != 0)
            last = np.append(np.flatnonzero(changes), len(order) - 1)
            of_bucket = numbers[last]
            first = np.searchsorted(of_bucket, np.arange(len(slices.keys)))
            self._of = {id(slices): _Order(order, last, first, of_bucket)}
        return self._of[id(slices)]


def _or_zero(numerator: Values, denominator: Values) -> Values:
    return np.nan_to_num(divided(numerator, denominator), nan=0.0)


def histograms(
    sample: Sample, numbers: Values, labels: Values, predictions: Values, weights: Values
) -> list[list[Any]]:
    """Return the non-empty buckets of each slice as TFMA's objects, in order.

    Args:
        sample: the sample of the slices.
        numbers: the bucket of each row.
        labels: [rows].
        predictions: [rows].
        weights: [rows].
    """
    places = sample.slices.numbers * (_COUNT + 2) + numbers[sample.slices.elements]
    present, inverse = np.unique(places, return_inverse=True)
    sums = [
        np.bincount(inverse, sample.counted(column), len(present)).tolist()
        for column in (labels * weights, predictions.astype(np.float64) * weights, weights)
    ]
    slices, buckets = np.divmod(present, _COUNT + 2)
    made = [calibration_histogram.Bucket(*one) for one in zip(buckets.tolist(), *sums, strict=True)]
    edges = np.searchsorted(slices, np.arange(len(sample.slices.keys) + 1))
    return [made[first:last] for first, last in itertools.pairwise(edges)]
