"""Append-only tables on disk: one folder per day, and one Parquet file per flush in it.

Any number of processes append at the same time without a lock, because each file is written once, under a unique name,
and appears atomically. Nothing is ever changed, so a reader needs no lock either.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import secrets
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

from kit.digests import of_file
from kit.errors import InputDataError
from kit.workspace import write_atomically

_BATCH_ROWS = 65_536
_END = ".parquet"


class DayTable:
    """An append-only table: a folder for each day, with a Parquet file, a part, for each write.

    Args:
        folder: has one folder per day.
        schema: the schema that its rows have. A part with fewer columns reads as if they were empty: project.yml has
            grown since.
    """

    def __init__(self, folder: Path, schema: pa.Schema) -> None:
        self.folder, self.schema = folder, schema

    def write(self, day: dt.date, rows: pa.Table, name: str = "") -> bool:
        """Append rows to a day; return whether they were not there yet.

        Args:
            day: the day to which they belong.
            rows: the rows, with columns of the schema; missing ones were never asked for, see `columns`.
            name: the same for the same rows, so that they are stored once however often they are written; "": a new
                one, after all earlier ones.
        """
        path = self.path(day, name or _new_name())
        if path.exists():
            return False
        sink = pa.BufferOutputStream()
        schema = pa.schema([field for field in self.schema if field.name in rows.column_names])
        pyarrow.parquet.write_table(rows.select(schema.names).cast(schema), sink)
        write_atomically(path, sink.getvalue().to_pybytes())
        return True

    def path(self, day: dt.date, name: str) -> Path:
        """Return where a part is or would be."""
        return self.folder / day.isoformat() / f"{name}{_END}"

    def has(self, name: str) -> bool:
        """Return whether any day has a part of a name."""
        return any(self.folder.glob(f"*/{name}{_END}"))

    def days(self) -> list[dt.date]:
        """Return the days that have rows, oldest first; folders with other names are not looked at."""
        found = self.folder.iterdir() if self.folder.is_dir() else ()
        days = {path: _day(path.name) for path in found}
        return sorted(day for day in days.values() if day and self.files(day))

    def files(self, day: dt.date) -> list[Path]:
        """Return the parts of a day in the order of their names; those being written are not among them."""
        return sorted((self.folder / day.isoformat()).glob(f"*{_END}"))

    def columns(self, day: dt.date) -> set[str]:
        """Return the columns that any part of a day has; requests of that day could not carry the others.

        Raises:
            InputDataError: when a part is not a Parquet file.
        """
        return {name for path in self.files(day) for name in _columns(path)} & set(self.schema.names)

    def digest(self, days: Sequence[dt.date]) -> str:
        """Return a digest of all bytes of some days."""
        digest = hashlib.sha256()
        for day in days:
            for path in self.files(day):
                digest.update(path.name.encode() + bytes.fromhex(of_file(path)))
        return digest.hexdigest()

    def batches(self, day: dt.date, columns: Sequence[str] = ()) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a day in batches of constant memory, small parts together.

        Args:
            day: the day; one without rows yields nothing.
            columns: the columns that are wanted; none: all.

        Raises:
            InputDataError: when a part is not a Parquet file, or a column of it has values of another type.
        """
        schema = pa.schema([self.schema.field(name) for name in columns or self.schema.names])
        waiting: list[pa.RecordBatch] = []
        for path in self.files(day):
            for batch in _read(path, schema):
                waiting.append(batch)
                if sum(one.num_rows for one in waiting) >= _BATCH_ROWS:
                    yield _together(waiting)
                    waiting = []
        if waiting:
            yield _together(waiting)


def _read(path: Path, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            present = [name for name in schema.names if name in file.schema_arrow.names]
            for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=present):
                arrays = [
                    batch.column(field.name).cast(field.type)
                    if field.name in present
                    else pa.nulls(batch.num_rows, field.type)
                    for field in schema
                ]
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise _not_readable(path, error) from None


def _columns(path: Path) -> list[str]:
    try:
        names: list[str] = pyarrow.parquet.read_schema(path).names
    except (pa.ArrowInvalid, OSError) as error:
        raise _not_readable(path, error) from None
    return names


def _not_readable(path: Path, error: Exception) -> InputDataError:
    return InputDataError(
        f"{path} must be a part of the log with the columns of project.yml, but cannot be read: "
        f"{str(error).rstrip('.')}. Move it out of the folder."
    )


def _together(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    [batch] = pa.Table.from_batches(batches).combine_chunks().to_batches() or [batches[0]]
    return batch


def _new_name() -> str:
    """Return a name that no other writer uses; names sort by time."""
    return f"{time.time_ns():020d}-{os.getpid()}-{secrets.token_hex(4)}"


def _day(name: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(name)
    except ValueError:
        return None
