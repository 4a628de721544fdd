"""The files of one span as they were delivered, and the same files with a fault in them.

Cells that no fault has touched are written as they were read: ignored columns, numbers of many digits.
"""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from kit.data.files import rows_of
from kit.errors import FaultError
from kit.faults.fault import Rows, Spoiled
from kit.project import Project
from kit.workspace import write_atomically

_VARIABLE = frozenset("{*?[")


class Delivery:
    """The files of one span.

    Args:
        project: the project whose data they are.
        span: its number.

    Raises:
        FaultError: when the project has no spans.
        InputDataError: when the span was not delivered, or cannot be read.
    """

    def __init__(self, project: Project, span: int) -> None:
        check_spans(project)
        self._project, self.span, self.files = project, span, project.span_files(span)
        tables = [pa.Table.from_batches(rows_of(project, [path])) for path in self.files]
        self.rows = Rows(pa.concat_tables(tables), project.columns, project.label)
        self._bounds = np.cumsum([0, *(len(table) for table in tables)])

    def write(self, spoiled: Spoiled, data: Path) -> list[Path]:
        """Write the span's files with the fault in them below a folder, in the layout of the project's pattern."""
        targets = _targets(self._project, self.files, data)
        for number, (path, target) in enumerate(zip(self.files, targets, strict=True)):
            first, last = self._bounds[number], self._bounds[number + 1]
            mine = (spoiled.origins >= first) & (spoiled.origins < last)
            write_atomically(target, self._content(path, spoiled, mine, int(first)))
        return targets

    def _content(self, path: Path, spoiled: Spoiled, mine: Any, first: int) -> bytes:
        origins = spoiled.origins[mine] - first
        values = None if spoiled.values is None else spoiled.values.filter(pa.array(mine))
        if self._project.spec.data.format == "parquet":
            return _parquet(path, origins, spoiled.column, values)
        cells = {}
        if values is not None:
            hit = np.flatnonzero(spoiled.hit[mine])
            texts = (_text(value) for value in values.take(pa.array(hit)))
            cells = dict(zip(hit.tolist(), texts, strict=True))
        return _csv(path, self._project.spec.data.delimiter, origins, spoiled.column, cells)


def check_spans(project: Project) -> None:
    """Refuse a project without spans.

    Raises:
        FaultError: when it has none.
    """
    if not project.spec.data.has_spans:
        raise FaultError(
            f"A fault is put into one span, but {project.name} has no spans: its data.files are "
            f"{project.spec.data.files!r}. Deliver the data in files with {{SPAN}} or a date in their names."
        )


def copy_files(project: Project, span: int, data: Path) -> None:
    """Copy the files of a span below a folder, in the layout of the project's pattern."""
    files = project.span_files(span)
    for path, target in zip(files, _targets(project, files, data), strict=True):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


def layout(project: Project) -> str:
    """Return the pattern of a project's files from its first variable part on, such as `span-{SPAN}/rows.csv`."""
    parts = PurePath(project.spec.data.files).parts
    variable = next(place for place, part in enumerate(parts) if _VARIABLE & set(part))
    return str(PurePath(*(part for part in parts[variable:] if part != "**")))


def _targets(project: Project, files: Sequence[Path], data: Path) -> list[Path]:
    depth = len(PurePath(layout(project)).parts)
    targets = [data.joinpath(*path.parts[-depth:]) for path in files]
    if len(set(targets)) < len(targets):
        raise FaultError(
            f"Each file of a span needs a name of its own in the copy, but of {', '.join(map(str, files))} some have "
            "the same. Rename them."
        )
    return targets


def _csv(path: Path, delimiter: str, origins: Iterable[int], column: str, cells: Mapping[int, str]) -> bytes:
    with path.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = (row for row in csv.reader(file, delimiter=delimiter) if row)
    place = header.index(column) if cells else 0
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(header)
    for number, origin in enumerate(origins):
        row = rows[origin]
        writer.writerow([*row[:place], cells[number], *row[place + 1 :]] if number in cells else row)
    return out.getvalue().encode()


def _parquet(path: Path, origins: Any, column: str, values: pa.Array | None) -> bytes:
    table = pyarrow.parquet.read_table(path, partitioning=None).take(pa.array(origins))
    if values is not None:
        place = table.column_names.index(column)
        kept = table.schema.field(place)
        table = table.set_column(place, kept, values.cast(kept.type, safe=False))
    sink = pa.BufferOutputStream()
    pyarrow.parquet.write_table(table, sink)
    return bytes(sink.getvalue())


def _text(value: pa.Scalar) -> str:
    if not value.is_valid:
        return ""
    # A float32 in as few digits as identify it, and a whole number without a point.
    return f"{np.float32(value.as_py()):.9g}" if pa.types.is_floating(value.type) else str(value.as_py())
