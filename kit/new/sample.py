"""Read the beginning of a table: up to `MOST_ROWS` rows, in constant memory, whatever the file's size."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from kit.data.files import read_header
from kit.errors import InputDataError

MOST_ROWS = 200_000
_DELIMITERS = ",;\t|"
_SNIFF_LINES = 100
_BLOCK_BYTES = 4 << 20


@dataclass(frozen=True)
class Sample:
    """The rows that were looked at. Cells of a CSV are strings, columns of Parquet keep their types."""

    table: pa.Table
    file_format: Literal["csv", "parquet"]
    delimiter: str
    rows_in_files: int
    """Rows of all files: counted for Parquet and small CSVs, else reckoned from the bytes."""


def take_sample(files: list[Path]) -> Sample:
    """Read the first rows of the files, which must have the same columns.

    Raises:
        InputDataError: when a file cannot be read, is not a table, or has no rows.

    """
    file_format: Literal["csv", "parquet"] = "parquet" if _is_parquet(files[0]) else "csv"
    delimiter = "," if file_format == "parquet" else sniff_delimiter(files[0])
    batches: list[pa.RecordBatch] = []
    rows = 0
    for path in files:
        with _open(path, file_format, delimiter) as reader:
            for batch in reader:
                batches.append(batch.slice(0, MOST_ROWS - rows))
                rows += batches[-1].num_rows
                if rows >= MOST_ROWS:
                    break
        if rows >= MOST_ROWS:
            break
    if rows == 0:
        raise InputDataError(f"{files[0]} must hold rows, but it has only a header. Name a file with rows.")
    table = pa.Table.from_batches(_same_columns(files, batches))
    return Sample(table, file_format, delimiter, _count_rows(files, file_format, table))


def sniff_delimiter(path: Path) -> str:
    """Return the delimiter that cuts the first lines into the most columns, equally many per line.

    Raises:
        InputDataError: when the file is empty or not text.

    """
    read_header(path, ",")  # says what is wrong with a file that is empty or not UTF-8
    with path.open(encoding="utf-8-sig", newline="", errors="replace") as file:
        lines = list(itertools.islice(file, _SNIFF_LINES))
    if any("\0" in line for line in lines):
        raise InputDataError(
            f"{path} must be a CSV or Parquet file, but it is binary. Export it as CSV (UTF-8)."
        )
    return max(_DELIMITERS, key=lambda delimiter: _evenness(lines, delimiter))


def _evenness(lines: list[str], delimiter: str) -> tuple[float, int]:
    widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
    if not widths or widths[0] == 1:
        return 0.0, 1
    return widths.count(widths[0]) / len(widths), widths[0]


def _is_parquet(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return bool(file.read(4) == b"PAR1")
    except OSError as error:
        raise InputDataError(
            f"{path} cannot be read: {error.strerror}. Check its name and permissions."
        ) from error


@contextmanager
def _open(path: Path, file_format: str, delimiter: str) -> Iterator[Any]:
    try:
        if file_format == "parquet":
            with pyarrow.parquet.ParquetFile(path) as file:
                _check_unique(path, file.schema_arrow.names)
                yield file.iter_batches()
            return
        names = read_header(path, delimiter)
        with pyarrow.csv.open_csv(
            path,
            read_options=pyarrow.csv.ReadOptions(block_size=_BLOCK_BYTES),
            parse_options=pyarrow.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), null_values=[""], strings_can_be_null=True
            ),
        ) as reader:
            yield reader
    except pa.ArrowInvalid as error:
        if "invalid UTF8" in str(error):
            raise InputDataError(
                f"{path} must be UTF-8 text, but has rows that are not. Convert the file to UTF-8 (of Western Europe's "
                "letters: iconv -f CP1252 -t UTF-8)."
            ) from None
        raise InputDataError(
            f"{path} is not a well-formed {file_format} table: {error}. Fix it there."
        ) from None


def _check_unique(path: Path, names: list[str]) -> None:
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputDataError(
            f"{path} has column {', '.join(twice)} more than once. Rename or remove the duplicate."
        )


def _same_columns(files: list[Path], batches: list[pa.RecordBatch]) -> list[pa.RecordBatch]:
    first = batches[0].schema
    for batch in batches:
        if not batch.schema.equals(first):
            raise InputDataError(
                f"All files of {files[0].parent} must have the same columns, but one has "
                f"{', '.join(batch.schema.names)} "
                f"and {files[0].name} has {', '.join(first.names)}. Make them alike, or name one file."
            )
    return batches


def _count_rows(files: list[Path], file_format: str, table: pa.Table) -> int:
    if file_format == "parquet":
        return sum(int(pyarrow.parquet.read_metadata(path).num_rows) for path in files)
    if table.num_rows < MOST_ROWS:
        return int(table.num_rows)
    all_bytes = sum(path.stat().st_size for path in files)
    # Cells and delimiters only: quotes make real lines longer, so this estimate is rather high.
    row_bytes = sum(column.nbytes for column in table.columns) / table.num_rows - 3 * table.num_columns
    return int(max(table.num_rows, round(all_bytes / max(row_bytes, 1.0))))
