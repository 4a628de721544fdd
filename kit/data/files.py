"""Read data files as project.yml describes them: in batches of constant memory, with errors that name the place."""

from __future__ import annotations

import csv
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from kit.errors import InputDataError
from kit.project_file import Column

_ARROW = {"int": pa.int64(), "float": pa.float32(), "string": pa.string()}
# Arrow reads up to 32 blocks ahead; a row must fit into one.
_BLOCK_BYTES = 2 << 20
_BATCH_ROWS = 65_536


def read_batches(
    path: Path, file_format: str, delimiter: str, columns: Mapping[str, Column], label: str
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of one file in order, one typed Arrow column for each column of the project.

    An empty cell is missing; only the label may not be. Memory does not grow with the file.

    Raises:
        InputDataError: when the file is empty, a column is missing or twice there, the text is not UTF-8, or a value
            does not fit its column's type; the message names the file, the column, the row and the value.
    """
    if file_format == "parquet":
        raw_batches = _parquet_batches(path, list(columns))
    else:
        raw_batches = _csv_batches(path, delimiter, list(columns))
    rows = 0
    for raw in raw_batches:
        arrays = [_cast(raw.column(name), name, column, path, rows) for name, column in columns.items()]
        batch = pa.RecordBatch.from_arrays(arrays, names=list(columns))
        _check_label(batch.column(label), label, path, rows)
        rows += batch.num_rows
        yield batch
    if rows == 0:
        raise InputDataError(
            f"{path} must hold rows, but it has only a header. Deliver the file again, with its rows."
        )


def read_header(path: Path, delimiter: str) -> list[str]:
    """Return the column names of a CSV file.

    Raises:
        InputDataError: when the file is empty, not UTF-8, or names a column twice.
    """
    try:
        # Only the header is judged: a byte that is not UTF-8 further on is reported with its row, or never read.
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            header = next((row for row in csv.reader(file, delimiter=delimiter) if row), None)
        "".join(header or []).encode()
    except OSError as error:
        raise InputDataError(
            f"{path} cannot be read: {error.strerror}. Check its name and permissions."
        ) from error
    except UnicodeEncodeError:
        raise InputDataError(
            f"{path} must be UTF-8 text, but its header is not. Convert the file to UTF-8, or set data.format."
        ) from None
    except csv.Error as error:
        raise InputDataError(
            f"{path} must begin with a header, but its first row cannot be read: {error}. Look for a quote that is "
            "never closed."
        ) from None
    if not header:
        raise InputDataError(f"{path} must be a CSV file with a header, but it is empty. Deliver it again.")
    _check_once(path, header)
    return header


def _csv_batches(path: Path, delimiter: str, names: list[str]) -> Iterator[pa.RecordBatch]:
    header = read_header(path, delimiter)
    _check_names(path, header, names, f"the delimiter is {delimiter!r}")
    options = pyarrow.csv.ConvertOptions(
        include_columns=names,
        # Bytes, so that text which is not UTF-8 is found where its row is known.
        column_types=dict.fromkeys(names, pa.binary()),
        null_values=[""],
        strings_can_be_null=True,
    )
    try:
        with pyarrow.csv.open_csv(
            path,
            read_options=pyarrow.csv.ReadOptions(block_size=_BLOCK_BYTES),
            parse_options=pyarrow.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=options,
        ) as reader:
            yield from reader
    except pa.ArrowInvalid as error:
        if count_rows(path, "csv", delimiter) < 1:  # a header without a line break is no row to Arrow
            return
        place = _malformed_row(path, delimiter, len(header)) or str(error)
        raise InputDataError(f"{path} is not a well-formed CSV file: {place}. Mend that row.") from None


def _malformed_row(path: Path, delimiter: str, width: int) -> str:
    """Return which row has too few or too many cells, which Arrow's error does not tell; empty when none has."""
    for number, row in enumerate(_csv_rows(path, delimiter)):
        if len(row) != width:
            return f"row {number} must have {width} cells, but has {len(row)}: {_short(delimiter.join(row))}"
    return ""


def _parquet_batches(path: Path, names: list[str]) -> Iterator[pa.RecordBatch]:
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            _check_once(path, file.schema_arrow.names)
            _check_names(path, file.schema_arrow.names, names, "Parquet")
            yield from file.iter_batches(batch_size=_BATCH_ROWS, columns=names)
    except (pa.ArrowInvalid, OSError) as error:
        raise InputDataError(
            f"{path} must be a whole Parquet file, but cannot be read: {_short(str(error))}. Set data.format, or "
            "deliver it again."
        ) from None


def _check_once(path: Path, names: list[str]) -> None:
    if twice := sorted({repr(name) for name in names if names.count(name) > 1}):
        raise InputDataError(
            f"{path} must name each column once, but has {', '.join(twice)} more than once. Rename or remove the "
            "duplicate."
        )


def _check_names(path: Path, found: list[str], wanted: list[str], note: str) -> None:
    if missing := [name for name in wanted if name not in found]:
        raise InputDataError(
            f"{path} must have the columns of project.yml, but {', '.join(missing)} is missing ({note}; the file has: "
            f"{_short(', '.join(found))}). Correct the file, or columns and data.delimiter in project.yml."
        )


def _short(text: str) -> str:
    return textwrap.shorten(text, 500, placeholder=" …").rstrip(".")


def _cast(values: pa.Array, name: str, column: Column, path: Path, rows_before: int) -> pa.Array:
    target = _ARROW[column.dtype]
    try:
        return _as_type(values, target)
    except pa.ArrowNotImplementedError:
        raise InputDataError(
            f"{path}, column {name}: values of type {column.dtype} are expected, but the file stores {values.type}. "
            "Write the column as plain values, or give it the kind ignore in project.yml."
        ) from None
    except pa.ArrowInvalid:
        index = _first_bad(values, target)
        expected, found, way_out = _judge(values[index].as_py(), column)
        # The header is line 1; a value with a line break inside makes this a row count rather than a line number.
        raise InputDataError(
            f"{path}, row {rows_before + index + 1}, column {name}: {expected} is expected, but "
            f"{found!r} was found. {way_out}."
        ) from None


def _as_type(values: pa.Array, target: pa.DataType) -> pa.Array:
    """Cast; empty text is missing, as in an empty cell, and numbers may be between blanks."""
    if any(test(values.type) for test in _TEXT):
        values = values.cast(pa.string())
        if not pa.types.is_string(target):
            values = pc.utf8_trim_whitespace(values)
        values = pc.if_else(pc.equal(values, ""), pa.scalar(None, pa.string()), values)
    # A whole number that float32 has to round is not an error: the same digits in a CSV file are none.
    return values.cast(target, safe=not pa.types.is_floating(target))


_TEXT = (
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_binary,
    pa.types.is_large_binary,
    pa.types.is_dictionary,
)


def _judge(found: object, column: Column) -> tuple[str, object, str]:
    """Return what was expected of a value that cannot be cast, the value as a person reads it, and the way out."""
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
            _as_type(values[low:middle], target)
            low = middle
        except pa.ArrowInvalid:
            high = middle
    return low


def _check_label(values: pa.Array, label: str, path: Path, rows_before: int) -> None:
    bad = pc.is_null(values, nan_is_null=True)
    if count := pc.sum(bad).as_py():
        row = rows_before + pc.index(bad, True).as_py() + 1
        raise InputDataError(
            f"{path}, column {label}: every row needs a label, but {count} have none, first in row {row}. "
            "Fill them in, or remove those rows."
        )


def count_rows(path: Path, file_format: str, delimiter: str) -> int:
    """Count the rows of a data file by a way of its own, as the first entry of the row ledger."""
    if file_format == "parquet":
        return int(pyarrow.parquet.read_metadata(path).num_rows)
    return sum(1 for _ in _csv_rows(path, delimiter)) - 1


def _csv_rows(path: Path, delimiter: str) -> Iterator[list[str]]:
    """Yield the header and the rows as Python's csv module sees them; text that is not UTF-8 is of no interest."""
    csv.field_size_limit(_BLOCK_BYTES)  # what Arrow takes; by default a long text ends the reading
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        yield from (row for row in csv.reader(file, delimiter=delimiter) if row)
