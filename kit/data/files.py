"""Read data files as project.yml describes them: in batches of constant memory, with errors that name the place."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from kit.errors import InputDataError
from kit.project_file import Column

_ARROW = {"int": pa.int64(), "float": pa.float32(), "string": pa.string()}
_BLOCK_BYTES = 16 << 20
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
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = next(csv.reader(file, delimiter=delimiter), None)
    except OSError as error:
        raise InputDataError(
            f"{path} cannot be read: {error.strerror}. Check its name and permissions."
        ) from error
    except UnicodeDecodeError as error:
        raise InputDataError(
            f"{path} must be UTF-8 text, but it is not ({error.reason}). Convert it to UTF-8."
        ) from None
    if not header:
        raise InputDataError(f"{path} must be a CSV file with a header, but it is empty. Deliver it again.")
    if twice := sorted({name for name in header if header.count(name) > 1}):
        raise InputDataError(
            f"{path} has column {', '.join(twice)} more than once. Rename or remove the duplicate."
        )
    return header


def _csv_batches(path: Path, delimiter: str, names: list[str]) -> Iterator[pa.RecordBatch]:
    _check_names(path, read_header(path, delimiter), names, f"the delimiter is {delimiter!r}")
    options = pyarrow.csv.ConvertOptions(
        include_columns=names,
        column_types=dict.fromkeys(names, pa.string()),
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
        raise InputDataError(f"{path} is not a well-formed CSV file: {error}. Mend that row.") from None


def _parquet_batches(path: Path, names: list[str]) -> Iterator[pa.RecordBatch]:
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            _check_names(path, file.schema_arrow.names, names, "Parquet")
            yield from file.iter_batches(batch_size=_BATCH_ROWS, columns=names)
    except pa.ArrowInvalid as error:
        raise InputDataError(
            f"{path} is not a Parquet file: {error}. Set data.format, or deliver it again."
        ) from None


def _check_names(path: Path, found: list[str], wanted: list[str], note: str) -> None:
    if missing := [name for name in wanted if name not in found]:
        raise InputDataError(
            f"{path} must have the columns of project.yml, but {', '.join(missing)} is missing ({note}; the file has: "
            f"{', '.join(found)}). Correct the file, or columns and data.delimiter in project.yml."
        )


def _cast(values: pa.Array, name: str, column: Column, path: Path, rows_before: int) -> pa.Array:
    target = _ARROW[column.dtype]
    try:
        return _trimmed(values, target).cast(target)
    except pa.ArrowInvalid:
        index = _first_bad(values, target)
        # The header is line 1; a value with a line break inside makes this a row count rather than a line number.
        raise InputDataError(
            f"{path}, row {rows_before + index + 1}, column {name}: a value of type {column.dtype} is expected, but "
            f"{values[index].as_py()!r} was found. Correct the file, or the column's dtype in project.yml."
        ) from None


def _trimmed(values: pa.Array, target: pa.DataType) -> pa.Array:
    if pa.types.is_string(values.type) and not pa.types.is_string(target):
        return pc.utf8_trim_whitespace(values)
    return values


def _first_bad(values: pa.Array, target: pa.DataType) -> int:
    """Return the index of the first value that cannot be cast, by halving."""
    low, high = 0, len(values)
    while high - low > 1:
        middle = (low + high) // 2
        try:
            _trimmed(values[low:middle], target).cast(target)
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
    with path.open(encoding="utf-8-sig", newline="") as file:
        return sum(1 for row in csv.reader(file, delimiter=delimiter) if row) - 1
