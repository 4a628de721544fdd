"""One row of the data as texts that a person can read and edit, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from kit.data.records import read_records
from kit.translation.messages import in_language

_BLOCK = 512  # rows kept in memory, so that turning to the next row does not read the file again
_INT64 = np.iinfo(np.int64)
_LISTS = {tf.string: "bytes_list", tf.int64: "int64_list", tf.float32: "float_list"}


class RowReader:
    """Reads any row of an Examples artifact by its number.

    Args:
        examples: the folder of the artifact.
    """

    def __init__(self, examples: Path) -> None:
        self._examples = examples
        self._block: tuple[str, int, list[bytes]] = ("", 0, [])

    def read(self, split: str, row: int) -> bytes:
        """Return a row as a serialized tf.Example.

        Args:
            split: the split's name.
            row: the row's number, from 0.

        Raises:
            IndexError: when the split has no such row.
        """
        kept, start, block = self._block
        if kept != split or not start <= row < start + len(block):
            start = max(row, 0) // _BLOCK * _BLOCK
            block = list(islice(read_records(self._examples, split), start, start + _BLOCK))
            self._block = (split, start, block)
        if not 0 <= row - start < len(block):
            raise IndexError(
                f"A row of {split} was expected, but there is none at place {row}. Choose another."
            )
        return block[row - start]


class Written(NamedTuple):
    """An edited row, and the reason for each text that is not valid."""

    record: bytes
    wrong: dict[str, str]


def texts_of(record: bytes, columns: Mapping[str, Any]) -> dict[str, str]:
    """Return the value of each column as a text: '' where there is none, a JSON list where there are several.

    Args:
        record: a serialized tf.Example.
        columns: how each column is parsed, such as `tf.io.VarLenFeature(tf.int64)`.
    """
    features = tf.train.Example.FromString(record).features.feature
    return {name: _text(features.get(name)) for name in columns}


def write_over(record: bytes, texts: Mapping[str, str], columns: Mapping[str, Any]) -> Written:
    """Replace values of a row by values given as texts.

    Args:
        record: a serialized tf.Example; b"": a row without any value.
        texts: the new text of each replaced column, as in `texts_of`.
        columns: how each column is parsed.
    """
    example = tf.train.Example.FromString(record)
    wrong: dict[str, str] = {}
    for name, text in texts.items():
        try:
            values = _values(text, columns[name])
        except ValueError as error:
            wrong[name] = in_language(str(error))
            continue
        feature = tf.train.Feature()
        getattr(feature, _LISTS[columns[name].dtype]).value.extend(values)
        example.features.feature[name].CopyFrom(feature if values else tf.train.Feature())
    return Written(example.SerializeToString(), wrong)


def as_value(text: str, dtype: tf.DType) -> bytes | int | float:
    """Parse one value.

    Raises:
        ValueError: when the text is not such a value; the message says what it must be.
    """
    if dtype == tf.string:
        return text.encode()
    if not dtype.is_integer:
        return _as_number(text)
    try:
        whole = int(text)
    except ValueError:
        raise ValueError(f"this is a whole number, not {text!r}") from None
    least, most = (dtype.min, dtype.max) if dtype != tf.int64 else (_INT64.min, _INT64.max)
    if not least <= whole <= most:
        raise ValueError(f"this is a whole number from {least:,} to {most:,}, not {text}")
    return whole


def _as_number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"this is a number, not {text!r}") from None


def _text(feature: Any) -> str:
    kind = feature.WhichOneof("kind") if feature is not None else None
    values = list(getattr(feature, kind).value) if kind else []
    if kind == "bytes_list":
        texts = [value.decode(errors="replace") for value in values]
        if not texts:
            return ""
        is_plain = len(texts) == 1 and _list_of_texts(texts[0]) is None
        return texts[0] if is_plain else json.dumps(texts, ensure_ascii=False)
    # The shortest text that gives the same float32 when parsed.
    texts = [str(np.float32(value)) if kind == "float_list" else str(value) for value in values]
    if not texts:
        return ""
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"


def _values(text: str, column: Any) -> list[Any]:
    values = [as_value(part, column.dtype) for part in _parts(text, column.dtype)]
    if isinstance(column, tf.io.FixedLenFeature):
        size = int(np.prod(column.shape, dtype=int))
        if len(values) != size and (values or column.default_value is None):
            wanted = "1 value" if size == 1 else f"{size} values"
            raise ValueError(f"this needs {wanted}, not {len(values)}")
    return values


def _parts(text: str, dtype: tf.DType) -> list[str]:
    if dtype == tf.string:
        if (listed := _list_of_texts(text)) is not None:
            return listed
        return [text] if text else []
    text = text.strip()
    inside = text[1:-1].strip() if text.startswith("[") and text.endswith("]") else text
    if not inside:
        return []
    return [inside] if inside == text else inside.split(",")


def _list_of_texts(text: str) -> list[str] | None:
    """Return the items of a JSON list of strings, None when the text is not such a list."""
    if not text.startswith("["):
        return None
    try:
        parts = json.loads(text)
    except ValueError:
        return None
    return parts if isinstance(parts, list) and all(isinstance(part, str) for part in parts) else None
