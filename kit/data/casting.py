"""Cast the values of a data file to the types of project.yml, with errors that name the row and the value."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from kit.errors import InputDataError
from kit.project.file import Column

ARROW_TYPES = {"int": pa.int64(), "float": pa.float32(), "string": pa.string()}


def cast_column(values: pa.Array, name: str, column: Column, path: Path, rows_before: int) -> pa.Array:
    """Give values the type of their column.

    Raises:
        InputDataError: when a value does not fit; the message names the row.
    """
    target = ARROW_TYPES[column.dtype]
    try:
        return as_type(values, target)
    except pa.ArrowNotImplementedError:
        raise InputDataError(
            f"{path}, column {name}: values of type {column.dtype} are expected, but the file stores {values.type}. "
            "Write the column as plain values, or give it the kind ignore in project.yml."
        ) from None
    except pa.ArrowInvalid:
        index = _first_bad(values, target)
        expected, found, way_out = misfit(values[index].as_py(), column)
        # The header is line 1; a value with a line break inside makes this a row count rather than a line number.
        raise InputDataError(
            f"{path}, row {rows_before + index + 1}, column {name}: {expected} is expected, but "
            f"{found!r} was found. {way_out}."
        ) from None


def as_type(values: pa.Array, target: pa.DataType) -> pa.Array:
    """Cast; empty text is missing, as in an empty cell, and numbers may have blanks around them."""
    if any(test(values.type) for test in _TEXT):
        values = values.cast(pa.string())
        if not pa.types.is_string(target):
            values = pc.utf8_trim_whitespace(values)
        values = pc.if_else(pc.equal(values, ""), pa.scalar(None, pa.string()), values)
    # Not safe for float32, where a whole number may be rounded: the same digits in a CSV file are, too.
    return values.cast(target, safe=not pa.types.is_floating(target))


_TEXT = (
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_binary,
    pa.types.is_large_binary,
    pa.types.is_dictionary,
)


def misfit(found: object, column: Column) -> tuple[str, object, str]:
    """Return what was expected of a value that cannot be cast, the value for people, and the way out."""
    if isinstance(found, bytes):
        try:
            found = found.decode()
        except UnicodeDecodeError:
            return "text in UTF-8", found, "Convert the file to UTF-8"
    way_out = "Correct the file, or the column's dtype in project.yml"
    return f"a value of type {column.dtype}", found, way_out


def _first_bad(values: pa.Array, target: pa.DataType) -> int:
    """Return the index of the first value that cannot be cast, by halving."""
    low, high = 0, len(values)
    while high - low > 1:
        middle = (low + high) // 2
        try:
            as_type(values[low:middle], target)
            low = middle
        except pa.ArrowInvalid:
            high = middle
    return low


def check_label(values: pa.Array, label: str, path: Path, rows_before: int) -> None:
    """Refuse rows without a label.

    Raises:
        InputDataError: when there is one; the message names the first.
    """
    bad = pc.is_null(values, nan_is_null=True)
    if count := pc.sum(bad).as_py():
        row = rows_before + pc.index(bad, True).as_py() + 1
        raise InputDataError(
            f"{path}, column {label}: every row needs a label, but it is missing in {count}, first in row {row}. "
            "Fill it in, or remove such rows."
        )
