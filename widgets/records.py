"""Make the values of views from plain records whose keys are the fields, as other packages and files supply them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from widgets.values import slices, statistics


def feature(record: Mapping[str, Any]) -> statistics.FeatureSummary:
    """Return one feature; its `splits` and `weighted` are records of splits, `drift` and `skew` of distances."""
    return statistics.FeatureSummary(
        **{
            **record,
            "splits": {name: _split(split) for name, split in record["splits"].items()},
            "weighted": {name: _split(split) for name, split in record.get("weighted", {}).items()},
            **{
                name: statistics.Distance(**record[name])
                for name in ("drift", "skew")
                if record.get(name) is not None
            },
        }
    )


def slice_table(record: Mapping[str, Any]) -> slices.SliceTable:
    """Return the slices; each of the `models` has a list of records of metrics."""
    models = {
        model: [slices.Metric(**metric) for metric in metrics] for model, metrics in record["models"].items()
    }
    return slices.SliceTable(**{**record, "models": models})


def _split(record: Mapping[str, Any]) -> statistics.SplitSummary:
    numbers, texts, lengths = (record.get(name) for name in ("numbers", "texts", "lengths"))
    return statistics.SplitSummary(
        **{
            **record,
            "numbers": statistics.Numbers(**_with_histogram(numbers)) if numbers else None,
            "texts": statistics.Texts(**texts) if texts else None,
            "lengths": statistics.Lengths(**_with_histogram(lengths)) if lengths else None,
        }
    )


def _with_histogram(record: Mapping[str, Any]) -> dict[str, Any]:
    histogram = record.get("histogram")
    return {**record, "histogram": statistics.Histogram(**histogram) if histogram else None}
