"""Read a data file and set its bad rows aside, in one pass and in constant memory."""

from __future__ import annotations

import csv
from bisect import bisect_right
from collections import defaultdict, deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from kit.data.casting import ARROW_TYPES, as_type, cast_column, check_label, misfit
from kit.data.files import FileLayout, Malformed, csv_batches, parquet_batches, read_header, require_rows
from kit.data.quarantine import FileCount, Quarantine, SideFile
from kit.data.row_rules import Fault
from kit.project.file import Column

Faults = defaultdict[int, list[Fault]]


class Sieve:
    """Reads one file, gives its good rows, and hands the others to a side file.

    Args:
        path: the path of the file.
        layout: how project.yml says that it is read.
        quarantine: which rows are bad.
        count: the count of the file; its rows are counted as they are read.
        side: takes the bad rows.
    """

    def __init__(
        self, path: Path, layout: FileLayout, quarantine: Quarantine, count: FileCount, side: SideFile
    ) -> None:
        self._path, self._format, self._delimiter = path, layout.format, layout.delimiter
        self._columns, self._label, self._quarantine = layout.columns, layout.label, quarantine
        self._count, self._side = count, side
        self._waiting: deque[Malformed] = deque()  # not yet written: Arrow parses ahead
        self._malformed: list[int] = []
        self._well_formed = 0

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the good rows in order, one typed Arrow column for each column of the project.

        Raises:
            InputDataError: for what does not concern single rows, like `read_batches`; and for bad rows that the
                quarantine does not cover.
        """
        header = read_header(self._path, self._delimiter) if self._format == "csv" else []
        for raw in self._raw():
            batch, faults = self._typed(raw)
            self._set_aside(raw, header or raw.schema.names, faults)
            self._well_formed += raw.num_rows
            self._count.read += raw.num_rows
            if faults:
                keep = np.ones(raw.num_rows, bool)
                keep[list(faults)] = False
                batch = batch.filter(pa.array(keep))
            yield batch
        self._write_malformed(header, before=None)
        require_rows(self._path, self._count.read)

    def _raw(self) -> Iterator[pa.RecordBatch]:
        names = list(self._columns)
        if self._format == "parquet":
            return parquet_batches(self._path, names, whole=True)
        take = self._take_malformed if self._quarantine.unreadable else None
        return csv_batches(self._path, self._delimiter, names, whole=True, take_malformed=take)

    def _take_malformed(self, row: Malformed) -> None:
        self._waiting.append(row)
        self._malformed.append(row.number)

    def _typed(self, raw: pa.RecordBatch) -> tuple[pa.RecordBatch, Faults]:
        """Cast a batch; where a value cannot be cast, or breaks a rule, its row has a fault."""
        faults: Faults = defaultdict(list)
        arrays = []
        for name, column in self._columns.items():
            values = raw.column(name)
            if self._quarantine.unreadable:
                values = self._without_unreadable(values, name, column, faults)
            arrays.append(cast_column(values, name, column, self._path, self._well_formed))
        batch = pa.RecordBatch.from_arrays(arrays, names=list(self._columns))
        self._judge_label(batch.column(self._label), faults)
        unreadable = set(faults)
        for rule in self._quarantine.rules:
            for fault in rule.faults(batch.column(rule.feature)):
                if fault.row not in unreadable:  # its value is gone, and would be reported as missing
                    faults[fault.row].append(fault)
        return batch, faults

    def _without_unreadable(self, values: pa.Array, name: str, column: Column, faults: Faults) -> pa.Array:
        bad = list(_not_castable(values, ARROW_TYPES[column.dtype]))
        for row in bad:
            expected, found, _ = misfit(values[row].as_py(), column)
            faults[row].append(Fault(row, f"{name} is not {expected}", repr(found)))
        if not bad:
            return values
        places = np.arange(len(values))
        return values.take(pa.array(places, mask=np.isin(places, bad)))

    def _judge_label(self, values: pa.Array, faults: Faults) -> None:
        if not self._quarantine.unreadable:
            check_label(values, self._label, self._path, self._well_formed)
            return
        missing = values.is_null(nan_is_null=True)
        for row in np.flatnonzero(missing.to_numpy(zero_copy_only=False)):
            if int(row) not in faults:
                faults[int(row)].append(Fault(int(row), f"{self._label}, the label, is missing", ""))

    def _set_aside(self, raw: pa.RecordBatch, header: list[str], faults: Faults) -> None:
        """Write the bad rows of a batch and the malformed ones between them, in the order of the file."""
        rows = sorted(faults)
        taken = raw.take(pa.array(rows, pa.int64())).columns if rows else []
        cells = zip(*(column.to_pylist() for column in taken), strict=True)  # by place: a name may be empty
        for row, found in zip(rows, cells, strict=True):
            number = self._number(self._well_formed + row)
            self._write_malformed(header, before=number)
            self._side.add(number, header, [_text(cell) for cell in found], faults[row])
        if raw.num_rows:
            self._write_malformed(header, before=self._number(self._well_formed + raw.num_rows - 1))

    def _write_malformed(self, header: list[str], before: int | None) -> None:
        while self._waiting and (before is None or self._waiting[0].number < before):
            row = self._waiting.popleft()
            [cells] = csv.reader([row.text], delimiter=self._delimiter)
            cause = f"the row must have {row.expected} cells"
            self._side.add(row.number, header, cells, [Fault(row.number, cause, f"it has {row.cells}")])
            self._count.read += 1

    def _number(self, well_formed: int) -> int:
        """Return the number of a row in its file, from 1, by its index among the well-formed ones, from 0."""
        number = well_formed + 1
        while (moved := well_formed + 1 + bisect_right(self._malformed, number)) != number:
            number = moved
        return number


def _not_castable(values: pa.Array, target: pa.DataType, first: int = 0) -> Iterator[int]:
    """Yield the places of the values that cannot be cast, by halving: most batches have none, and cost one cast."""
    try:
        as_type(values, target)
    except pa.ArrowNotImplementedError:
        return  # no value can; casting the column says so
    except pa.ArrowInvalid:
        if len(values) == 1:
            yield first
            return
        middle = len(values) // 2
        yield from _not_castable(values[:middle], target, first)
        yield from _not_castable(values[middle:], target, first + middle)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)
