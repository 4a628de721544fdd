"""Statistics, schema and rows as plain tables for a notebook."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import tensorflow as tf
from tensorflow_metadata.proto.v0 import schema_pb2

from kit.data.records import first_records

_SHOWN_VALUES = 4


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
