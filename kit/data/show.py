"""Statistics, schema and rows as plain tables for a notebook."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import tensorflow as tf
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from kit.data.example_gen import SPLITS
from kit.data.records import first_records
from kit.data.statistics import load_statistics

_SHOWN_VALUES = 4


def statistics_table(folder: Path) -> pd.DataFrame:
    """Return one row a feature and split: type, rows, missing share, distinct, mean, min, median, max, top values."""
    rows = []
    for split in SPLITS:
        data_set = load_statistics(folder, split).datasets[0]
        rows += [_feature_row(split, feature, data_set.num_examples) for feature in data_set.features]
    return pd.DataFrame(rows).sort_values(["feature", "split"]).reset_index(drop=True)


def _feature_row(
    split: str, feature: statistics_pb2.FeatureNameStatistics, examples: int
) -> dict[str, object]:
    name = feature.path.step[0] if feature.path.step else feature.name
    common = (
        feature.num_stats.common_stats if feature.HasField("num_stats") else feature.string_stats.common_stats
    )
    row: dict[str, object] = {
        "feature": name,
        "split": split,
        "type": statistics_pb2.FeatureNameStatistics.Type.Name(feature.type),
        "missing": f"{1 - common.num_non_missing / examples:.1%}" if examples else "",
    }
    if feature.HasField("num_stats"):
        stats = feature.num_stats
        return row | {"mean": stats.mean, "min": stats.min, "median": stats.median, "max": stats.max}
    top = ", ".join(str(value.value) for value in feature.string_stats.top_values[:_SHOWN_VALUES])
    return row | {"distinct": feature.string_stats.unique, "top values": top}


def schema_table(schema: schema_pb2.Schema) -> pd.DataFrame:
    """Return one row a feature: its type, the share of rows that must have it, and the values that are allowed."""
    domains = {domain.name: list(domain.value) for domain in schema.string_domain}
    rows = []
    for feature in schema.feature:
        allowed = ", ".join(domains.get(feature.domain, ()))
        for kind in ("int_domain", "float_domain"):
            if feature.HasField(kind):
                domain = getattr(feature, kind)
                ends = [
                    f"{domain.min:g}" if domain.HasField("min") else "…",
                    f"{domain.max:g}" if domain.HasField("max") else "…",
                ]
                allowed = " to ".join(ends)
        rows.append(
            {
                "feature": feature.name,
                "type": schema_pb2.FeatureType.Name(feature.type),
                "present in": f"{feature.presence.min_fraction:.0%}",
                "allowed": "0 or 1" if feature.HasField("bool_domain") else allowed,
            }
        )
    return pd.DataFrame(rows)


def rows_table(examples: Path, split: str, count: int = 5) -> pd.DataFrame:
    """Return the first rows of a split as a table; lists of several values stay lists."""
    return pd.DataFrame([_plain(record) for record in first_records(examples, split, count)])


def _plain(record: bytes) -> dict[str, object]:
    row: dict[str, object] = {}
    for name, feature in sorted(tf.train.Example.FromString(record).features.feature.items()):
        kind = feature.WhichOneof("kind")
        values = list(getattr(feature, kind).value) if kind else []
        values = [value.decode(errors="replace") if isinstance(value, bytes) else value for value in values]
        row[name] = values[0] if len(values) == 1 else (values or None)
    return row
