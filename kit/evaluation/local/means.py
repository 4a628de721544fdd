"""Metrics that are sums over rows, or ratios of such sums."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tf_keras
from tensorflow_model_analysis.metrics import (
    calibration,
    cross_entropy_metrics,
    example_count,
    mean_regression_error,
    squared_pearson_correlation,
    tjur_discrimination,
    weighted_example_count,
)

from kit.evaluation.local.formulas import Asked, Compute, divided, formula
from kit.evaluation.local.rows import NotLocalError, Sample, Values
from kit.evaluation.metrics import slice_rules


@formula(slice_rules.SliceRules)
def _nothing(asked: Asked) -> Compute:
    """Compute nothing: it only carries settings."""
    del asked
    return lambda _sample: {}


@formula(example_count.ExampleCount, weighted_example_count.WeightedExampleCount)
def _count(asked: Asked) -> Compute:
    asked.of_rows()
    return lambda sample: {asked.key: sample.sum(asked.weights)}


def _quotient(
    above: Callable[[Asked], Values], below: Callable[[Asked], Values]
) -> Callable[[Asked], Compute]:
    """Return the formula of a quotient of sums; as in TFMA, nearly 0 counts as 0 in the denominator."""

    def quotient(asked: Asked) -> Compute:
        asked.one_output().of_rows()
        numerator, denominator = (np.asarray(f(asked), np.float64) * asked.weights for f in (above, below))

        def compute(sample: Sample) -> dict[Any, Values]:
            divisor = sample.sum(denominator)
            divisor = np.where(np.isclose(divisor, 0.0), 0.0, divisor)
            return {asked.key: divided(sample.sum(numerator), divisor)}

        return compute

    return quotient


def _ones(asked: Asked) -> Values:
    return np.ones(asked.rows.count)


formula(calibration.MeanLabel)(_quotient(lambda asked: asked.labels, _ones))
formula(calibration.MeanPrediction)(_quotient(lambda asked: asked.predictions, _ones))
formula(calibration.Calibration)(_quotient(lambda asked: asked.predictions, lambda asked: asked.labels))


def _mean(asked: Asked, values: Values, *, skip_nan: bool = True, empty: float = np.nan) -> Compute:
    """Return the formula of the weighted mean of a value of each row.

    Args:
        asked: the metric.
        values: [rows].
        skip_nan: whether rows whose value is NaN are left out, rather than making the mean NaN.
        empty: the mean without rows.
    """
    missing = np.isnan(values) & skip_nan
    weights = np.where(missing, 0.0, asked.weights)
    weighted = np.where(missing, 0.0, values) * weights

    def compute(sample: Sample) -> dict[Any, Values]:
        divisor = sample.sum(weights)
        return {asked.key: np.where(divisor == 0, empty, divided(sample.sum(weighted), divisor))}

    return compute


@formula(mean_regression_error.MeanAbsoluteError)
def _mae(asked: Asked) -> Compute:
    asked.one_output().of_rows()
    return _mean(asked, np.abs(asked.labels - asked.predictions))


@formula(mean_regression_error.MeanSquaredError)
def _mse(asked: Asked) -> Compute:
    asked.one_output().of_rows()
    return _mean(asked, np.abs(asked.labels - asked.predictions).astype(np.float64) ** 2)


@formula(mean_regression_error.MeanAbsolutePercentageError)
def _mape(asked: Asked) -> Compute:
    asked.one_output().of_rows()
    labels = np.where(asked.labels == 0, np.nan, asked.labels)
    return _mean(asked, 100 * np.abs((labels - asked.predictions) / labels))


@formula(mean_regression_error.MeanSquaredLogarithmicError)
def _msle(asked: Asked) -> Compute:
    asked.one_output().of_rows()
    error = np.abs(np.log(asked.labels + 1) - np.log(asked.predictions + 1))
    return _mean(asked, error.astype(np.float64) ** 2)


@formula(cross_entropy_metrics.BinaryCrossEntropy)
def _log_loss(asked: Asked) -> Compute:
    """Like TFMA's combiner, in the types of the model: what a 32-bit logarithm loses is lost here, too."""
    asked.of_rows()
    if asked.labels.shape != asked.predictions.shape:
        raise NotLocalError(f"{asked.key.name} of labels and predictions that do not pair")
    smoothing, score = asked.settings["label_smoothing"], asked.predictions
    label = asked.labels * (1.0 - smoothing) + 0.5 * smoothing
    with np.errstate(divide="ignore", invalid="ignore"):
        if asked.settings["from_logits"]:
            loss = np.maximum(score, 0) - score * label + np.log(1 + np.exp(-np.abs(score)))
        else:
            loss = -(label * np.log(score)) - (1 - label) * np.log(1 - score)
    losses = loss.reshape(asked.rows.count, -1).mean(axis=1)
    return _mean(asked, losses, skip_nan=False)


@formula(tjur_discrimination.CoefficientOfDiscrimination)
def _tjur(asked: Asked) -> Compute:
    means = _means_by_class(asked)

    def compute(sample: Sample) -> dict[Any, Values]:
        positive, negative = means(sample)
        return {asked.key: positive - negative}

    return compute


@formula(tjur_discrimination.RelativeCoefficientOfDiscrimination)
def _relative_tjur(asked: Asked) -> Compute:
    means = _means_by_class(asked)

    def compute(sample: Sample) -> dict[Any, Values]:
        positive, negative = means(sample)
        return {asked.key: divided(positive, negative)}

    return compute


def _means_by_class(asked: Asked) -> Callable[[Sample], tuple[Values, Values]]:
    """Return a function that gives the mean predictions of positive and negative rows."""
    asked.one_output().of_rows()
    label, score = asked.labels.astype(np.float64), asked.predictions.astype(np.float64)
    shares = (label * asked.weights, (1.0 - label) * asked.weights)

    def means(sample: Sample) -> tuple[Values, Values]:
        positive, negative = (divided(sample.sum(share * score), sample.sum(share)) for share in shares)
        return positive, negative

    return means


@formula(squared_pearson_correlation.SquaredPearsonCorrelation)
def _correlation(asked: Asked) -> Compute:
    asked.one_output().of_rows()
    x, y = asked.labels.astype(np.float64), asked.predictions.astype(np.float64)
    terms = np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=1) * asked.weights[:, None]

    def compute(sample: Sample) -> dict[Any, Values]:
        n, x, y, xx, yy, xy = sample.sum(terms).T
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = (xx - x**2 / n) * (yy - y**2 / n)
            return {asked.key: np.where(spread > 0, (xy - x * y / n) ** 2 / spread, np.nan)}

    return compute


@formula(tf_keras.metrics.MeanMetricWrapper, subclasses=True)
def _keras_mean(asked: Asked) -> Compute:
    """Return the formula of Keras's metrics that are the mean of a function of each row."""
    asked.of_rows()
    count = asked.rows.count
    labels, predictions = (
        values.reshape(count, -1).astype(np.float32) for values in (asked.labels, asked.predictions)
    )
    values = asked.metric._fn(labels, predictions, **asked.metric._fn_kwargs)  # noqa: SLF001  Keras has no other door
    values = np.asarray(values, np.float64)
    if values.size != count:
        raise NotLocalError(f"{asked.key.name} has several values per row")
    return _mean(asked, values.reshape(count), skip_nan=False, empty=0.0)
