"""The distance between two data sets, feature by feature, as TFDV measures it for drift and skew.

Texts are compared by the L-infinity distance, the largest change of one value's share; numbers by the Jensen-Shannon
divergence of their histograms, in bits (https://www.tensorflow.org/tfx/data_validation/get_started#drift_detection).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2

Statistics: TypeAlias = statistics_pb2.DatasetFeatureStatisticsList
Feature: TypeAlias = statistics_pb2.FeatureNameStatistics
Measure = Literal["l-infinity", "jensen-shannon"]

L_INFINITY: Measure = "l-infinity"
JENSEN_SHANNON: Measure = "jensen-shannon"
_MEASURES: dict[int, Measure] = {
    anomalies_pb2.DriftSkewInfo.Measurement.L_INFTY: L_INFINITY,
    anomalies_pb2.DriftSkewInfo.Measurement.JENSEN_SHANNON_DIVERGENCE: JENSEN_SHANNON,
}
_TYPES = {
    statistics_pb2.FeatureNameStatistics.INT: schema_pb2.INT,
    statistics_pb2.FeatureNameStatistics.FLOAT: schema_pb2.FLOAT,
    statistics_pb2.FeatureNameStatistics.STRING: schema_pb2.BYTES,
}


@dataclass(frozen=True)
class Distance:
    """How far one feature is from what it was: 0 (the same) to 1 (nothing in common)."""

    feature: str
    measure: Measure
    value: float


def distances(before: Statistics, now: Statistics, features: Iterable[str]) -> list[Distance]:
    """Measure the features that both have values of, in the order given.

    Whole numbers that are a category in `project.yml` are numbers to TFDV, whose statistics keep the shares of single
    numbers only where a schema calls them categorical: then they are compared by L-infinity, too.

    Args:
        before: statistics of one data set, without slices.
        now: the statistics of the other.
        features: names of columns; those without a value in either are left out.
    """
    was, has = by_name(before), by_name(now)
    both = [name for name in features if _has_values(was.get(name)) and _has_values(has.get(name))]
    comparable = [name for name in both if _measure(was[name]) == _measure(has[name])]
    schema = schema_pb2.Schema(feature=[_compared(was[name]) for name in comparable])
    # Without a threshold TFDV does not measure; the anomalies of this makeshift schema are ignored.
    found = tfdv.validate_statistics(now, schema, previous_statistics=before).drift_skew_info
    measured = {info.path.step[0]: info.drift_measurements[0] for info in found if info.drift_measurements}
    return [
        Distance(name, _MEASURES[measured[name].type], measured[name].value)
        for name in comparable
        if name in measured
    ]


def by_name(statistics: Statistics) -> dict[str, Feature]:
    """Return the statistics of each feature of a data set without slices."""
    [dataset] = statistics.datasets
    return {feature.path.step[0]: feature for feature in dataset.features}


def _has_values(feature: Feature | None) -> bool:
    return feature is not None and common(feature).tot_num_values > 0


def common(feature: Feature) -> statistics_pb2.CommonStatistics:
    """Return what TFDV counts of every feature, whatever its type: rows with and without a value."""
    found: statistics_pb2.CommonStatistics = getattr(feature, feature.WhichOneof("stats")).common_stats
    return found


def _measure(feature: Feature) -> Measure:
    return L_INFINITY if feature.WhichOneof("stats") == "string_stats" else JENSEN_SHANNON


def _compared(feature: Feature) -> schema_pb2.Feature:
    compared = schema_pb2.Feature(name=feature.path.step[0], type=_TYPES[feature.type])
    if _measure(feature) == L_INFINITY:
        compared.drift_comparator.infinity_norm.threshold = 0
        if feature.type == statistics_pb2.FeatureNameStatistics.INT:
            compared.int_domain.is_categorical = True
    else:
        compared.drift_comparator.jensen_shannon_divergence.threshold = 0
    return compared
