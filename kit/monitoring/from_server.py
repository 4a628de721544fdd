"""Import servers' prediction logs into the monitor's log, each record once.

What monitoring can see of a request depends on its signature. `examples` carries all columns. The recommender's
`serving_default` carries a user, up to a hundred candidates and a time, which become one row per candidate with these
columns. What the model looks up itself, such as a price, comes from training and cannot differ from it. So skew is
measured only for the user and the items asked about; the other columns are absent, not missing. Candidates are what a
shop could show, and the training data are what it did show, so some distance between the two is no fault. Live quality
is computed from the candidates that labels arrive for.

A key that the signature does not carry, such as `request_id`, is the id of the request (`x-request-id`); of a request
of several users it is followed by / and the place of the row, from 0.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from kit.monitoring.log import PredictionLog
from kit.monitoring.served_rows import NoRowsError, RowMaker
from kit.project import Project
from kit.serving.prediction_log.config import PREFIX, logs
from kit.serving.prediction_log.reader import files, read
from kit.workspace import Workspace, write_atomically

_CURSORS = ".served.json"


@dataclass(frozen=True)
class Taken:
    """What was taken over.

    Attributes:
        requests: the requests that became rows.
        rows: the number of their rows that are new.
        left_out: requests that gave no rows, by reason.
        torn: files that end in half a record: they are being written, or their server was killed.
    """

    requests: int
    rows: int
    left_out: Mapping[str, int] = field(default_factory=dict)
    torn: int = 0

    @property
    def message(self) -> str:
        if not self.requests and not self.left_out:
            return "No server has logged anything new."
        others = [f"{count:,} {why}" for why, count in self.left_out.items()]
        requests = "1 new request" if self.requests == 1 else f"{self.requests:,} new requests"
        rows = "1 row" if self.rows == 1 else f"{self.rows:,} rows"
        torn = "1 file ends" if self.torn == 1 else f"{self.torn} files end"
        said = f"Servers have logged {requests}: {rows}."
        left = f" Left out: {', '.join(others)}." if others else ""
        return said + left + (f" {torn} in half a record, which is left out." if self.torn else "")


def take(workspace: Workspace, project: Project) -> Taken:
    """Take over what servers have logged of a project since the last time.

    It can be interrupted at any time, and the next call goes on: which records come next is written down before their
    rows, and the rows of the same records have the same names.
    """
    with workspace.lock("served", f"{project.name}, reading what servers logged"):
        return _Taking(workspace, project).run(files(logs(workspace) / f"{PREFIX}-{project.name}"))


class _Taking:
    def __init__(self, workspace: Workspace, project: Project) -> None:
        self._log, self._rows = PredictionLog(workspace, project), RowMaker(project)
        self._path = self._log.table.folder / _CURSORS
        self._cursors: dict[str, list[int]] = (
            json.loads(self._path.read_text()) if self._path.exists() else {}
        )
        self._left_out: Counter[str] = Counter()
        self.requests = self.rows = self.torn = 0

    def run(self, paths: list[Path]) -> Taken:
        for path in paths:
            self._take(path)
        return Taken(self.requests, self.rows, dict(self._left_out), self.torn)

    def _take(self, path: Path) -> None:
        done, planned = self._cursors.get(path.name, (0, 0))
        found = read(path, done)
        self.torn += found.torn
        if not found.logs:
            return
        planned = planned if planned > done else done + len(found.logs)
        self._plan(path, done, planned)
        for number, table in enumerate(self._tables(found.logs[: planned - done])):
            self.rows += self._log.append_served(table, f"served-{path.stem}-{done:08}-{number}")
        self._plan(path, planned, planned)

    def _plan(self, path: Path, done: int, planned: int) -> None:
        self._cursors[path.name] = [done, planned]
        write_atomically(self._path, json.dumps(self._cursors))

    def _tables(self, served: tuple[Any, ...]) -> Iterator[pa.Table]:
        """Yield one table for each set of columns that requests carried, always in the same order."""
        by_columns: dict[tuple[str, ...], list[pa.Table]] = {}
        for one in served:
            try:
                table = self._rows.rows(one)
            except NoRowsError as error:
                self._left_out[str(error)] += 1
                continue
            self.requests += 1
            by_columns.setdefault(tuple(sorted(table.column_names)), []).append(table)
        for _, tables in sorted(by_columns.items()):
            yield pa.concat_tables([table.select(tables[0].column_names) for table in tables])
