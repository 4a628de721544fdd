"""Read the beginning of a table, up to `MOST_ROWS` rows, and count one column to its end: in constant memory."""

from __future__ import annotations

import csv
import itertools
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from kit.data.files import read_header
from kit.errors import InputDataError
from kit.os_errors import reason_of

MOST_ROWS = 200_000
MOST_VALUES = 10_000  # that are counted: a column with more has no classes
_PROMOTING: Any = {"promote_options": "permissive"}
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
    later: tuple[str, ...] = ()
    """Columns that the first file does not have, and others do; they are left out."""
    nameless: tuple[bool, ...] = ()
    """Whether there is a value in each column without a name; they are left out."""

    @property
    def is_whole(self) -> bool:
        """Whether all rows of all files were looked at."""
        return bool(self.table.num_rows < MOST_ROWS)


def take_sample(files: list[Path]) -> Sample:
    """Read the first rows of the files, which must have the columns of the first one, in any order.

    Raises:
        InputDataError: when a file cannot be read, is not a table, lacks a column, or has no rows.

    """
    file_format: Literal["csv", "parquet"] = "parquet" if _is_parquet(files[0]) else "csv"
    delimiter = "," if file_format == "parquet" else sniff_delimiter(files[0])
    first, later = _shared_columns(files, file_format, delimiter)
    batches: list[pa.Table] = []
    nameless: dict[int, bool] = {}
    rows = 0
    for path in files:
        with _open(path, file_format, delimiter) as reader:
            for batch in reader:
                whole = pa.Table.from_batches([batch])
                for place in (at for at, name in enumerate(whole.column_names) if not name):
                    nameless[place] = nameless.get(place, False) or whole[place].null_count < whole.num_rows
                batches.append(whole.select(first.names).slice(0, MOST_ROWS - rows))
                rows += batches[-1].num_rows
                if rows >= MOST_ROWS:
                    break
        if rows >= MOST_ROWS:
            break
    if rows == 0:
        raise InputDataError(f"{files[0]} must hold rows, but it has only a header. Name a file with rows.")
    table = pa.concat_tables(batches, **_PROMOTING)
    rows = _count_rows(files, file_format, table)
    return Sample(table, file_format, delimiter, rows, later, tuple(nameless.values()))


def count_values(files: list[Path], sample: Sample, column: str) -> Counter[Any] | None:
    """Count the cells of a column in all rows of the files, those that are missing as None.

    Returns:
        Rows by value; None where there are more than `MOST_VALUES` of them, or they are nested.

    Raises:
        InputDataError: when a row cannot be read.
    """
    counts: Counter[Any] = Counter()
    for path in files:
        with _open(path, sample.file_format, sample.delimiter, [column]) as reader:
            for batch in reader:
                try:
                    found = pc.value_counts(batch.column(column))
                except pa.ArrowNotImplementedError:
                    return None
                for value, rows in zip(*(part.to_pylist() for part in found.flatten()), strict=True):
                    counts[None if value != value else value] += rows  # noqa: PLR0124  NaN is not itself
                if len(counts) > MOST_VALUES:
                    return None
    return counts


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
            f"{path} cannot be read: {reason_of(error)}. Check its name and permissions."
        ) from error


@contextmanager
def _open(path: Path, file_format: str, delimiter: str, columns: list[str] | None = None) -> Iterator[Any]:
    """Open a file to iterate over batches of its rows, of the given columns or of all."""
    try:
        if file_format == "parquet":
            with pyarrow.parquet.ParquetFile(path) as file:
                _check_unique(path, file.schema_arrow.names)
                yield file.iter_batches(columns=columns)
            return
        names = read_header(path, delimiter)
        with pyarrow.csv.open_csv(
            path,
            read_options=pyarrow.csv.ReadOptions(block_size=_BLOCK_BYTES),
            parse_options=pyarrow.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=pyarrow.csv.ConvertOptions(
                include_columns=columns,
                column_types=dict.fromkeys(names, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
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


def _shared_columns(files: list[Path], file_format: str, delimiter: str) -> tuple[pa.Schema, tuple[str, ...]]:
    """Return the columns of the first file, which all others must have, and those that only others have."""
    first, later = _columns(files[0], file_format, delimiter), dict[str, None]()
    for path in files[1:]:
        found = _columns(path, file_format, delimiter)
        if lacking := [name for name in first.names if name not in found.names]:
            raise InputDataError(
                f"{path} must have the columns of {files[0].name}, but lacks {', '.join(lacking)}. Add them there, "
                "or name one file."
            )
        for column in first:
            try:  # whole numbers are decimal ones in a file with gaps
                pa.unify_schemas([pa.schema([column]), pa.schema([found.field(column.name)])], **_PROMOTING)
            except pa.ArrowTypeError:
                raise InputDataError(
                    f"{path}, column {column.name}: values of type {column.type} are expected, as in "
                    f"{files[0].name}, but the file stores {found.field(column.name).type}. Make them alike, or name "
                    "one file."
                ) from None
        later |= dict.fromkeys(name for name in found.names if name and name not in first.names)
    return first, tuple(later)


def _columns(path: Path, file_format: str, delimiter: str) -> pa.Schema:
    if file_format == "csv":
        return pa.schema([(name, pa.string()) for name in read_header(path, delimiter) if name])
    with _open(path, file_format, delimiter):  # says what is wrong with a file that is no table
        return pyarrow.parquet.read_schema(path).remove_metadata()


def _count_rows(files: list[Path], file_format: str, table: pa.Table) -> int:
    if file_format == "parquet":
        return sum(int(pyarrow.parquet.read_metadata(path).num_rows) for path in files)
    if table.num_rows < MOST_ROWS:
        return int(table.num_rows)
    all_bytes = sum(path.stat().st_size for path in files)
    # Cells and delimiters only: quotes make real lines longer, so this estimate is rather high.
    row_bytes = sum(column.nbytes for column in table.columns) / table.num_rows - 3 * table.num_columns
    return int(max(table.num_rows, round(all_bytes / max(row_bytes, 1.0))))
