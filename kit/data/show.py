"""Rows as a plain table for a notebook."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import tensorflow as tf

from kit.data.records import first_records

_SHOWN_VALUES = 4


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
