"""Labels as the model sees them: a project's features.py may derive the label from several columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kit.data.encoding import encode
from kit.errors import InputDataError
from kit.features.graph import load_graph
from kit.monitoring.join import JoinedDay
from kit.monitoring.log import PredictionLog
from kit.project import Project

_ROWS = 65_536  # that go through the graph at once


class LabelReader:
    """Turns labels of the data into those that the model learnt from, by Transform's own graph.

    Args:
        project: the project whose label it is.
        transform_graph: folder of the TransformGraph that the model was trained on.
    """

    def __init__(self, project: Project, transform_graph: Path) -> None:
        self._graph, self._label, self._key = load_graph(transform_graph), project.label, project.label_key
        self._sources = self._graph.sources[self._key]
        self._left_out = set(self._graph.columns) - set(self._sources)

    def read(self, log: PredictionLog, joined: JoinedDay) -> NDArray[np.float64]:
        """Return the truth of the rows whose label arrived in time, [labelled].

        Raises:
            InputDataError: when features.py does not turn a label into a number.
        """
        if not joined.labelled:
            return np.zeros(0)
        table = self._columns(log, joined)
        codes = [
            column.combine_chunks().dictionary_encode(null_encoding="encode").indices
            for column in table.columns
        ]
        matrix = np.stack([code.to_numpy(zero_copy_only=False) for code in codes], axis=1)
        _, first, places = np.unique(matrix, axis=0, return_index=True, return_inverse=True)
        # Each combination of values once: most labels come from the label alone, and have few values.
        distinct = table.take(pa.array(first))
        truth = np.concatenate([self._transform(batch) for batch in distinct.to_batches(max_chunksize=_ROWS)])
        return truth[places.ravel()]

    def _columns(self, log: PredictionLog, joined: JoinedDay) -> pa.Table:
        """Return what the label is made from: the label that arrived, and columns of the request."""
        columns = {self._label: joined.labels}
        if others := [name for name in self._sources if name != self._label]:
            batches = list(log.table.batches(joined.day, others))
            requests = pa.Table.from_batches(batches).take(pa.array(joined.rows))
            columns |= dict(zip(others, requests.columns, strict=True))
        return pa.table(columns)

    def _transform(self, batch: pa.RecordBatch) -> NDArray[np.float64]:
        made = self._graph.transform(list(encode(batch)), without=self._left_out)[self._key]
        truth = np.asarray(made, np.float64).reshape(batch.num_rows, -1)[:, 0]
        if np.isnan(truth).any():
            bad = batch.column(self._label)[int(np.isnan(truth).argmax())].as_py()
            raise InputDataError(
                f"A label must become a number in features.py, but {self._label} = {bad!r} does not. Correct the "
                "label, or features.py."
            )
        return truth
