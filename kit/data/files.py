"""Read data files as project.yml describes them: in batches, in constant memory, with errors that name the place."""

from __future__ import annotations

import codecs
import csv
import json
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from kit.data.casting import cast_column, check_label
from kit.errors import InputDataError
from kit.os_errors import reason_of
from kit.project.file import Column

if TYPE_CHECKING:
    from kit.project import Project

# Arrow reads up to 32 blocks ahead; a row must fit into one.
_BLOCK_BYTES = 2 << 20
_BATCH_ROWS = 65_536


@dataclass(frozen=True)
class FileLayout:
    """How a project's files are read: CSV or Parquet, with these columns; no row may lack the label."""

    format: str
    delimiter: str
    columns: Mapping[str, Column]
    label: str

    @classmethod
    def of(cls, project: Project) -> FileLayout:
        """Return how project.yml says that its files are read."""
        data = project.spec.data
        return cls(data.format, data.delimiter, project.columns, project.label)

    @classmethod
    def from_json(cls, text: str) -> FileLayout:
        """Read the property of ExampleGen."""
        content = json.loads(text)
        columns = {name: Column.model_validate(column) for name, column in content.pop("columns").items()}
        return cls(columns=columns, **content)

    def to_json(self) -> str:
        """Return the property of ExampleGen; another text runs it again."""
        columns = {name: column.model_dump() for name, column in self.columns.items()}
        return json.dumps({**vars(self), "columns": columns})


class Malformed(NamedTuple):
    """A row of a CSV file, counted from 1, that has more or fewer cells than the header."""

    number: int
    text: str
    cells: int
    expected: int


def read_batches(path: Path, layout: FileLayout) -> Iterator[pa.RecordBatch]:
    """Yield the rows of one file in order, one typed Arrow column for each column of the project.

    An empty cell is missing; only the label may not be. Memory does not grow with the file.

    Raises:
        InputDataError: when the file is empty, a column is missing or occurs twice, the text is not UTF-8, or a value
            does not fit its column's type; the message names the file, the column, the row and the value.
    """
    columns = layout.columns
    if layout.format == "parquet":
        raw_batches = parquet_batches(path, list(columns))
    else:
        raw_batches = csv_batches(path, layout.delimiter, list(columns))
    rows = 0
    for raw in raw_batches:
        arrays = [cast_column(raw.column(name), name, column, path, rows) for name, column in columns.items()]
        batch = pa.RecordBatch.from_arrays(arrays, names=list(columns))
        check_label(batch.column(layout.label), layout.label, path, rows)
        rows += batch.num_rows
        yield batch
    require_rows(path, rows)


def rows_of(project: Project, files: Iterable[Path]) -> Iterator[pa.RecordBatch]:
    """Yield the rows of data files as project.yml describes them.

    Raises:
        InputDataError: when a file cannot be read.
    """
    layout = FileLayout.of(project)
    for file in files:
        yield from read_batches(file, layout)


def require_rows(path: Path, rows: int) -> None:
    """Refuse a file without rows.

    Raises:
        InputDataError: when there are none.
    """
    if rows == 0:
        raise InputDataError(
            f"{path} must hold rows, but it has only a header. Deliver the file again, with its rows."
        )


def read_header(path: Path, delimiter: str) -> list[str]:
    """Return the column names of a CSV file; those without a name, as Excel writes behind the last one, are empty.

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
            f"{path} cannot be read: {reason_of(error)}. Check its name and permissions."
        ) from error
    except UnicodeEncodeError:
        raise _no_text(path) from None
    except csv.Error as error:
        raise InputDataError(
            f"{path} must begin with a header, but its first row cannot be read: {error}. Look for a quote that is "
            "never closed."
        ) from None
    if not header:
        raise InputDataError(f"{path} must be a CSV file with a header, but it is empty. Deliver it again.")
    _check_once(path, [name for name in header if name])
    return header


def _no_text(path: Path) -> InputDataError:
    """Say what kind of file has a header that is not UTF-8: the way out differs."""
    with path.open("rb") as file:
        begin = file.read(4)
    if begin.startswith(b"\x1f\x8b"):
        return InputDataError(f"{path} must be UTF-8 text, but is packed by gzip. Unpack it with gunzip -k.")
    if begin == b"PK\x03\x04":
        return InputDataError(
            f"{path} must be UTF-8 text, but is a zip archive, as Excel's workbooks are too. Unpack it, or save the "
            "sheet as CSV UTF-8."
        )
    if begin == b"PAR1":
        return InputDataError(
            f"{path} must be UTF-8 text, but is Parquet. Set data.format in project.yml to parquet."
        )
    if begin[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
        return InputDataError(
            f"{path} must be UTF-8 text, but is UTF-16. Save it as UTF-8, or convert it with iconv -f UTF-16 -t UTF-8."
        )
    return InputDataError(
        f"{path} must be UTF-8 text, but its header is not. Convert the file to UTF-8 (of Western Europe's letters: "
        "iconv -f CP1252 -t UTF-8)."
    )


def csv_batches(
    path: Path,
    delimiter: str,
    names: list[str],
    *,
    whole: bool = False,
    take_malformed: Callable[[Malformed], None] | None = None,
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a CSV file in order, every cell as bytes.

    Args:
        path: the path of the file.
        delimiter: between the cells.
        names: columns that must be there.
        whole: read all columns, not only these.
        take_malformed: is given each row with too few or too many cells, which is then left out; None: an error. It may
            get rows ahead of those yielded so far.

    Raises:
        InputDataError: when the file is empty, or a row or the header cannot be read.
    """
    header = read_header(path, delimiter)
    _check_names(path, header, names, f"the delimiter is {delimiter!r}")
    options = pyarrow.csv.ConvertOptions(
        include_columns=None if whole else names,  # those without a name cannot be told apart by it
        # Bytes, so that text that is not UTF-8 is found where its row is known.
        column_types=dict.fromkeys(header if whole else names, pa.binary()),
        null_values=[""],
        strings_can_be_null=True,
    )
    try:
        with pyarrow.csv.open_csv(
            path,
            # Arrow reports the number of a malformed row only when one thread reads.
            read_options=pyarrow.csv.ReadOptions(block_size=_BLOCK_BYTES, use_threads=take_malformed is None),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=delimiter,
                newlines_in_values=True,
                invalid_row_handler=_handler(take_malformed) if take_malformed else None,
            ),
            convert_options=options,
        ) as reader:
            yield from reader
    except pa.ArrowInvalid as error:
        if count_rows(path, "csv", delimiter) < 1:  # to Arrow, a header without a line break is not a row
            return
        place = _malformed_row(path, delimiter, len(header)) or str(error)
        raise InputDataError(f"{path} is not a well-formed CSV file: {place}. Fix that row.") from None


def _handler(take: Callable[[Malformed], None]) -> Callable[[Any], str]:
    def handle(row: Any) -> str:
        if "\n" in row.text:  # a quote that is never closed has swallowed the rows after it
            return "error"
        # Arrow counts the header as a row; here it is row 0.
        take(Malformed(row.number - 1, row.text, row.actual_columns, row.expected_columns))
        return "skip"

    return handle


def _malformed_row(path: Path, delimiter: str, width: int) -> str:
    """Return which row has too few or too many cells, which Arrow's error does not say; empty when none has."""
    for number, row in enumerate(csv_rows(path, delimiter)):
        if len(row) != width:
            return f"row {number} must have {width} cells, but has {len(row)}: {_short(delimiter.join(row))}"
    return ""


def parquet_batches(path: Path, names: list[str], *, whole: bool = False) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a Parquet file in order.

    Args:
        path: the path of the file.
        names: columns that must be there.
        whole: read all columns, not only these.

    Raises:
        InputDataError: when the file is incomplete, or a column is missing or occurs twice.
    """
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            _check_once(path, file.schema_arrow.names)
            _check_names(path, file.schema_arrow.names, names, "Parquet")
            yield from file.iter_batches(batch_size=_BATCH_ROWS, columns=None if whole else names)
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


def count_rows(path: Path, file_format: str, delimiter: str) -> int:
    """Count the rows of a data file independently, as the first entry of the row ledger."""
    if file_format == "parquet":
        return int(pyarrow.parquet.read_metadata(path).num_rows)
    return sum(1 for _ in csv_rows(path, delimiter)) - 1


def csv_rows(path: Path, delimiter: str) -> Iterator[list[str]]:
    """Yield the header and the rows as Python's csv module sees them; invalid UTF-8 is ignored."""
    csv.field_size_limit(_BLOCK_BYTES)  # as Arrow allows; by default a long text is an error
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        yield from (row for row in csv.reader(file, delimiter=delimiter) if row)
