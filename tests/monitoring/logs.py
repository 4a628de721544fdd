"""A project with a prediction log and labels, without a model: rows are given."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from kit.monitoring.log import TIMESTAMP, Labels, PredictionLog
from kit.project import Project
from kit.workspace import Workspace

NOON = dt.datetime(2026, 1, 7, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
WINDOW = dt.timedelta(days=2)
LONG_AFTER = NOON + dt.timedelta(days=30)


class Shop:
    """The recommender's log and labels in a workspace; a row is told from others by request and item."""

    def __init__(self, folder: Path) -> None:
        self.workspace, self.project = Workspace(folder), Project.load("recommender")
        self.log, self.labels = (
            PredictionLog(self.workspace, self.project),
            Labels(self.workspace, self.project),
        )

    def predict(
        self,
        keys: Sequence[tuple[str, str]],
        times: Sequence[dt.datetime],
        scores: Sequence[float] | None = None,
        version: int = 1,
        name: str = "",
    ) -> int:
        columns = {field.name: pa.nulls(len(keys), field.type) for field in self.log.table.schema}
        columns |= {
            "request_id": pa.array([one for one, _ in keys]),
            "item_id": pa.array([one for _, one in keys]),
        }
        table = pa.table(columns)
        answers = pa.array(np.full(len(keys), 0.5) if scores is None else scores, pa.float32())
        return self.log.append(table, pa.array(times, TIMESTAMP), version, answers, name)

    def click(
        self,
        keys: Sequence[tuple[str, str]],
        clicked: Sequence[int | None],
        times: Sequence[dt.datetime],
        name: str = "",
    ) -> int:
        rows = pa.table(
            {
                "request_id": [one for one, _ in keys],
                "item_id": [one for _, one in keys],
                "clicked": pa.array(clicked, pa.int64()),
            }
        )
        return self.labels.append(rows, pa.array(times, TIMESTAMP), name)
