"""What was read, for display in a notebook: rows as a plain table, spans in a sentence."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pandas as pd
import pyarrow.parquet
import tensorflow as tf

from kit.data.data_file import files_of
from kit.data.example_gen import SPLITS
from kit.data.files import read_header
from kit.data.records import first_records
from kit.session import Session
from kit.spans import in_words


def rows_table(examples: Path, split: str, count: int = 5) -> pd.DataFrame:
    """Return the first rows of a split as a table; lists of several values stay lists."""
    return pd.DataFrame([_plain(record) for record in first_records(examples, split, count)])


def spans_text(session: Session) -> str:
    """Return which spans ExampleGen last read into each split, which were missing, and which columns it left.

    Raises:
        StepOrderError: when there are no examples yet.
    """
    parts = []
    for split, spans in _files_of_splits(session).items():
        named = _spans(session, spans)
        parts.append(f"{split}: {f'{named}, ' if named else ''}{_files(len(spans))}")
    missing = session.properties("ExampleGen").get("missing", "")
    unknown = ", ".join(_unknown_columns(session))
    return (
        f"{'; '.join(parts)}.{f' Left out: {missing}.' if missing else ''}"
        f"{f' Columns that project.yml does not name, and that are not read: {unknown}.' if unknown else ''}"
    )


def _unknown_columns(session: Session) -> list[str]:
    """Return the columns of the files that project.yml says nothing about, such as one that is new in a delivery."""
    data, found = session.project.spec.data, dict[str, None]()
    for file in files_of(session.properties("ExampleGen")):
        if data.format == "parquet":
            found |= dict.fromkeys(pyarrow.parquet.read_schema(file.path).names)
        else:
            found |= dict.fromkeys(read_header(file.path, data.delimiter))
    return [name for name in found if name and name not in session.project.spec.columns]


def judged_text(session: Session) -> str:
    """Return the data of the split eval, such as `span 8`, as alerts name them.

    Raises:
        StepOrderError: when there are no examples yet.
    """
    return _spans(session, _files_of_splits(session).get(SPLITS[1], [])) or "all data"


def _files_of_splits(session: Session) -> dict[str, list[int | None]]:
    """Return the span of each file that ExampleGen last read, by split."""
    files: dict[str, list[int | None]] = defaultdict(list)
    for file in files_of(session.properties("ExampleGen")):
        files[file.split].append(file.span)
    return files


def _spans(session: Session, spans: list[int | None]) -> str:
    numbers = sorted({span for span in spans if span is not None})
    if not numbers:
        return ""
    what = "span" if len(numbers) == 1 else "spans"
    return f"{what} {in_words(numbers, dated=session.project.spec.data.is_dated)}"


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count:,} files"


def _plain(record: bytes) -> dict[str, object]:
    row: dict[str, object] = {}
    for name, feature in sorted(tf.train.Example.FromString(record).features.feature.items()):
        kind = feature.WhichOneof("kind")
        values = list(getattr(feature, kind).value) if kind else []
        values = [value.decode(errors="replace") if isinstance(value, bytes) else value for value in values]
        row[name] = values[0] if len(values) == 1 else (values or None)
    return row
