"""Statistics as plain values that a view can show: dicts and numbers, no protos.

The keys are the fields of the view's own values, which `widgets.records` makes of them.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tensorflow_metadata.proto.v0 import anomalies_pb2
from tensorflow_metadata.proto.v0 import statistics_pb2 as s

from kit.data.example_gen import SPLITS
from kit.data.statistics import load_statistics

_KINDS = {
    s.FeatureNameStatistics.INT: "whole number",
    s.FeatureNameStatistics.FLOAT: "number",
    s.FeatureNameStatistics.STRING: "text",
    s.FeatureNameStatistics.BYTES: "bytes",
    s.FeatureNameStatistics.STRUCT: "group",
}


def summarize_artifact(statistics: Path, times: Collection[str] = ()) -> dict[str, Any]:
    """Summarize the folder of an ExampleStatistics artifact, both splits; see `summarize`."""
    return summarize({split: load_statistics(statistics, split) for split in SPLITS}, times=times)


def summarize(
    by_split: Mapping[str, s.DatasetFeatureStatisticsList],
    validated: Iterable[anomalies_pb2.Anomalies] = (),
    *,
    times: Collection[str] = (),
) -> dict[str, Any]:
    """Summarize statistics of any origin.

    Args:
        by_split: the statistics of each split or span; of a list, the first data set, which is the whole where
            statistics were made by slice.
        validated: what TFDV's validation of them against earlier or served statistics returned; it has the drift and
            skew of the features with a threshold in the schema. Of several, the farthest counts.
        times: names of the features whose numbers are timestamps.

    Returns:
        `features`: one dict per feature, with its summary in each split; `examples`: how many each split has.
    """
    features: dict[str, dict[str, Any]] = {}
    examples = {}
    for split, statistics in by_split.items():
        dataset = statistics.datasets[0]
        examples[split] = float(dataset.num_examples)
        for feature in dataset.features:
            name = feature.name or ".".join(feature.path.step)
            kind = "date" if name in times and feature.HasField("num_stats") else _KINDS[feature.type]
            empty: dict[str, Any] = {"name": name, "kind": kind, "splits": {}, "weighted": {}}
            entry = features.setdefault(name, empty)
            entry["splits"][split] = _split(feature, weighted=False)
            if _stats(feature).common_stats.HasField("weighted_common_stats"):
                entry["weighted"][split] = _split(feature, weighted=True)
    for name, way, distance in _distances(validated):
        if name in features:
            known = features[name].get(way)
            features[name][way] = distance if known is None else max(known, distance, key=_exceeding)
    return {"features": list(features.values()), "examples": examples}


def _distances(validated: Iterable[anomalies_pb2.Anomalies]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for anomalies in validated:
        for info in anomalies.drift_skew_info:
            for kind in ("drift", "skew"):
                for found in getattr(info, f"{kind}_measurements"):
                    measure = type(found).Type.Name(found.type).replace("_", " ").lower()
                    distance = {"value": found.value, "threshold": found.threshold, "measure": measure}
                    yield ".".join(info.path.step), kind, distance


def _exceeding(distance: Mapping[str, Any]) -> float:
    return float(distance["value"] - distance["threshold"])


def _stats(feature: s.FeatureNameStatistics) -> Any:
    return getattr(feature, feature.WhichOneof("stats"))


def _split(feature: s.FeatureNameStatistics, *, weighted: bool) -> dict[str, Any]:
    stats = _stats(feature)
    common = stats.common_stats.weighted_common_stats if weighted else stats.common_stats
    which = feature.WhichOneof("stats")
    return {
        "present": common.num_non_missing,
        "missing": common.num_missing,
        "values": common.tot_num_values,
        "numbers": _numbers(stats, weighted=weighted) if which == "num_stats" else None,
        "texts": _texts(stats, weighted=weighted) if which == "string_stats" else None,
        "lengths": _lengths(stats.common_stats),
    }


def _numbers(stats: s.NumericStatistics, *, weighted: bool) -> dict[str, Any]:
    of = stats.weighted_numeric_stats if weighted else stats
    standard = [h for h in of.histograms if h.type == s.Histogram.STANDARD]
    quantiles = [h for h in of.histograms if h.type == s.Histogram.QUANTILES]
    return {
        "mean": of.mean,
        "deviation": of.std_dev,
        "zeros": stats.num_zeros,
        "least": stats.min,
        "median": of.median,
        "most": stats.max,
        "histogram": _histogram(standard[0]) if standard else None,
        "quantiles": _edges(quantiles[0]) if quantiles else (),
    }


def _texts(stats: s.StringStatistics, *, weighted: bool) -> dict[str, Any]:
    of = stats.weighted_string_stats if weighted else stats
    top = tuple((value.value, value.frequency) for value in of.top_values)
    return {"distinct": stats.unique or None, "top": top}


def _lengths(common: s.CommonStatistics) -> dict[str, Any] | None:
    if not common.num_non_missing:
        return None
    histogram = common.num_values_histogram
    return {
        "least": common.min_num_values,
        "average": common.avg_num_values,
        "most": common.max_num_values,
        "histogram": _histogram(histogram) if histogram.buckets else None,
    }


def _histogram(histogram: s.Histogram) -> dict[str, Any] | None:
    """Leave out buckets with infinite edges, which TFDV writes where the data has infinite values."""
    finite = [b for b in histogram.buckets if math.isfinite(b.low_value) and math.isfinite(b.high_value)]
    if not finite:
        return None
    counts = tuple(0.0 if math.isnan(b.sample_count) else b.sample_count for b in finite)
    return {"edges": (finite[0].low_value, *(b.high_value for b in finite)), "counts": counts}


def _edges(histogram: s.Histogram) -> tuple[float, ...]:
    buckets = histogram.buckets
    return (buckets[0].low_value, *(bucket.high_value for bucket in buckets)) if buckets else ()
