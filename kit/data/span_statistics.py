"""TFDV's statistics of each span, computed once per workspace: the history that checks look back on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import tensorflow_data_validation as tfdv
from google.protobuf.message import DecodeError
from tensorflow_metadata.proto.v0 import statistics_pb2

from kit.data.files import FileLayout, read_batches
from kit.data.statistics import BATCH_ROWS, statistics_of_batches
from kit.digests import of_file
from kit.errors import InputDataError
from kit.project import Project
from kit.workspace import Workspace, write_atomically


class SpanStatistics:
    """Reads a project's files straight into statistics, which equal StatisticsGen's for the same rows.

    They are kept under a digest of the files' bytes and of how project.yml reads them. So a span delivered again with
    other bytes is computed again, and one with the same bytes is not, whatever the names of its files.
    """

    def __init__(self, workspace: Workspace, project: Project) -> None:
        self._folder, self._project = workspace.statistics(project.name), project

    def of(self, span: int) -> statistics_pb2.DatasetFeatureStatisticsList:
        """Return the statistics of one span.

        Raises:
            InputDataError: when the span was not delivered, cannot be read, or grew meanwhile.
        """
        return self.of_files(self._project.span_files(span))

    def of_files(self, files: Sequence[Path]) -> statistics_pb2.DatasetFeatureStatisticsList:
        """Return the statistics of the rows of some files together, in the order given.

        Raises:
            InputDataError: when one cannot be read, or grew meanwhile.
        """
        digest = self._digest(files)
        kept = self._folder / f"{digest}.pb"
        if (found := _load(kept)) is not None:
            return found
        computed = statistics_of_batches(self._batches(files))
        if self._digest(files) != digest:
            raise InputDataError(
                f"{', '.join(map(str, files))} must be whole when they are read, but changed meanwhile. Deliver files "
                "under another name and rename them at the end; run this again."
            )
        write_atomically(kept, computed.SerializeToString(deterministic=True))
        return computed

    def _batches(self, files: Iterable[Path]) -> Iterator[pa.RecordBatch]:
        layout = FileLayout.of(self._project)
        for file in files:
            yield from map(as_examples, _of_rows(read_batches(file, layout), BATCH_ROWS))

    def _digest(self, files: Iterable[Path]) -> str:
        data = self._project.spec.data
        columns = {name: column.dtype for name, column in self._project.columns.items()}
        reading = [data.format, data.delimiter, columns, self._project.label, tfdv.__version__]
        digest = hashlib.sha256(json.dumps(reading).encode())
        for path in files:
            digest.update(bytes.fromhex(of_file(path)))
        return digest.hexdigest()


def as_examples(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return rows as tfx_bsl would decode their tf.Examples: sorted columns, one list per row, null where missing."""
    names = sorted(batch.schema.names)
    return pa.RecordBatch.from_arrays([_as_lists(batch.column(name)) for name in names], names=names)


def _as_lists(column: pa.Array) -> pa.Array:
    if column.null_count == len(column):
        return pa.nulls(len(column))  # the decoder has no type where no row has a value
    if pa.types.is_string(column.type):
        column = column.cast(pa.large_binary())
    present = pc.is_valid(column).to_numpy(zero_copy_only=False)
    ends = np.concatenate([[0], np.cumsum(present)])
    offsets = pa.array(ends, pa.int64(), mask=np.append(~present, False))  # a null offset is a null list
    return pa.LargeListArray.from_arrays(offsets, column.drop_null())


def _of_rows(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    """Yield the same rows in batches of one size: TFDV's sketches differ in their last digits from batch to batch."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        while (count := sum(one.num_rows for one in waiting)) >= rows:
            table = pa.Table.from_batches(waiting)
            yield _one_batch(table.slice(0, rows))
            waiting = table.slice(rows).to_batches() if count > rows else []
    if waiting:
        yield _one_batch(pa.Table.from_batches(waiting))


def _one_batch(table: pa.Table) -> pa.RecordBatch:
    [batch] = table.combine_chunks().to_batches()
    return batch


def _load(path: Path) -> statistics_pb2.DatasetFeatureStatisticsList | None:
    """Return what was kept, or nothing: a file damaged by a full disk is computed again."""
    try:
        return statistics_pb2.DatasetFeatureStatisticsList.FromString(path.read_bytes())
    except (FileNotFoundError, DecodeError):
        return None
