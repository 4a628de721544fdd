"""Find the rows behind an anomaly: ExampleValidator sees only statistics, people want to see data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from tensorflow_metadata.proto.v0 import schema_pb2

from kit.data.records import as_text, decoded_batches
from kit.data.rules import allowed_values

SHOWN_ROWS = 3
SHOWN_VALUES = 5
_SHOWN_LENGTH = 200  # characters of a cell

Rows: TypeAlias = NDArray[np.int64]

_MISSING = (
    "FEATURE_TYPE_LOW_FRACTION_PRESENT",
    "FEATURE_TYPE_LOW_NUMBER_PRESENT",
    "FEATURE_TYPE_NOT_PRESENT",
    "FEATURE_TYPE_NO_VALUES",
    "SCHEMA_MISSING_COLUMN",
)
_LENGTHS = (
    "FEATURE_TYPE_LOW_NUMBER_VALUES",
    "FEATURE_TYPE_HIGH_NUMBER_VALUES",
    "FEATURE_TYPE_UNEXPECTED_REPEATED",
)
_TEXTS = ("ENUM_TYPE_UNEXPECTED_STRING_VALUES", "BOOL_TYPE_UNEXPECTED_STRING", "ENUM_TYPE_INVALID_UTF8")
_ABOVE = ("INT_TYPE_BIG_INT", "FLOAT_TYPE_BIG_FLOAT", "BOOL_TYPE_BIG_INT")
_BELOW = ("INT_TYPE_SMALL_INT", "FLOAT_TYPE_SMALL_FLOAT", "BOOL_TYPE_SMALL_INT")
_NOT_FINITE = ("FLOAT_TYPE_HAS_NAN", "FLOAT_TYPE_HAS_INF")
_ANY_VALUE = ("SCHEMA_NEW_COLUMN", "UNEXPECTED_DATA_TYPE")


@dataclass(frozen=True)
class Complaint:
    """What is wrong according to an anomaly: the feature, its rule, and TFDV's name for the kind of anomaly."""

    feature: str
    kind: str
    rule: schema_pb2.Feature
    schema: schema_pb2.Schema

    @property
    def is_in_rows(self) -> bool:
        """Whether single rows are at fault; a distribution concerns all rows together."""
        return self.kind in {
            *_MISSING, *_LENGTHS, *_TEXTS, *_ABOVE, *_BELOW, *_NOT_FINITE, *_ANY_VALUE
        }  # fmt: skip


@dataclass
class Offenders:
    """The rows that a complaint is about.

    Attributes:
        rows: how many there are.
        values: the values at fault, and how often each is there.
        examples: the first of the rows: the index in the split, from 0, and every column as text.
    """

    rows: int = 0
    values: Counter[str] = field(default_factory=Counter)
    examples: list[tuple[int, dict[str, str]]] = field(default_factory=list)


def find_offenders(
    examples: Path, split: str, complaints: Sequence[Complaint]
) -> tuple[int, list[Offenders]]:
    """Read a split once; return how many rows it has, and for each complaint the rows that it is about."""
    found = [Offenders() for _ in complaints]
    first = 0
    for _, batch in decoded_batches(examples, split):
        for complaint, offenders in zip(complaints, found, strict=True):
            _look(batch, first, complaint, offenders)
        first += batch.num_rows
    return first, found


def _look(batch: pa.RecordBatch, first: int, complaint: Complaint, offenders: Offenders) -> None:
    column = batch.column(complaint.feature) if complaint.feature in batch.schema.names else None
    if column is None or pa.types.is_null(column.type):
        column = pa.nulls(batch.num_rows, pa.list_(pa.binary()))
    rows, values = _rows_at_fault(column, complaint)
    offenders.rows += len(rows)
    offenders.values.update(_text(value) for value in values)
    room = SHOWN_ROWS - len(offenders.examples)
    offenders.examples += [(first + int(row), _row(batch, int(row))) for row in rows[:room]]


def _rows_at_fault(column: pa.Array, complaint: Complaint) -> tuple[Rows, list[Any]]:
    """Return the rows of a batch and the values in them that are at fault."""
    if complaint.kind in _MISSING:
        return np.flatnonzero(flags(column.is_null())), []
    if complaint.kind in _LENGTHS:
        lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
        limits = complaint.rule.value_count
        most = limits.max if limits.HasField("max") else np.inf
        rows = np.flatnonzero(((lengths < limits.min) | (lengths > most)) & flags(column.is_valid()))
        return rows, [f"{length} values" for length in lengths[rows].tolist()]
    values = pc.list_flatten(column)
    wrong = _wrong_values(values, complaint)
    parents = pc.list_parent_indices(column).to_numpy(zero_copy_only=False)
    return np.unique(parents[wrong]), values.filter(pa.array(wrong)).to_pylist()


def _wrong_values(values: pa.Array, complaint: Complaint) -> NDArray[np.bool_]:
    if complaint.kind in _TEXTS:
        if not (pa.types.is_binary(values.type) or pa.types.is_large_binary(values.type)):
            return np.ones(len(values), bool)
        allowed = [value.encode() for value in allowed_values(complaint.rule, complaint.schema)]
        return ~flags(pc.is_in(values, value_set=pa.array(allowed, values.type)))
    if complaint.kind in _ANY_VALUE:
        return np.ones(len(values), bool)
    numbers = values.to_numpy(zero_copy_only=False)
    if complaint.kind in _NOT_FINITE:
        return np.asarray(
            np.isnan(numbers) if complaint.kind == "FLOAT_TYPE_HAS_NAN" else np.isinf(numbers), bool
        )
    low, high = limits(complaint.rule)
    outside: Callable[[Any, Any], Any] = np.less if complaint.kind in _BELOW else np.greater
    return np.asarray(outside(numbers, low if complaint.kind in _BELOW else high), bool)


def limits(rule: schema_pb2.Feature) -> tuple[float, float]:
    """Return the bounds of a number; infinite where there is none."""
    if rule.HasField("bool_domain"):
        return 0, 1
    domain = rule.int_domain if rule.HasField("int_domain") else rule.float_domain
    low = domain.min if domain.HasField("min") else -np.inf
    return low, domain.max if domain.HasField("max") else np.inf


def _row(batch: pa.RecordBatch, row: int) -> dict[str, str]:
    cells = {name: batch.column(name)[row].as_py() for name in batch.schema.names}
    return {name: ", ".join(map(_text, values or ()))[:_SHOWN_LENGTH] for name, values in cells.items()}


def _text(value: Any) -> str:
    return f"{value:.7g}" if isinstance(value, float) else as_text(value)


def flags(array: pa.Array) -> NDArray[np.bool_]:
    """Return an array of yes and no for NumPy."""
    return np.asarray(array.to_numpy(zero_copy_only=False), bool)
