"""Count the predictions of pushed versions, in the logs of the gateways and of monitoring.

Monitoring has a row per example, a gateway a line per request; a request that both saw is in both.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kit.workspace import Workspace
from kit.workspace_folders import PREDICTIONS

Log = Literal["gateway", "monitoring"]


@dataclass(frozen=True)
class Predictions:
    """What one log has about one version.

    Attributes:
        project: the project whose model answered.
        version: the number of the version.
        log: the name of the log.
        count: requests that the gateway passed on and that were answered, or rows that monitoring has.
        first: time of the first, UTC.
        last: time of the last, likewise.
    """

    project: str
    version: int
    log: Log
    count: int
    first: dt.datetime
    last: dt.datetime


def count_predictions(workspace: Workspace, versions: Collection[tuple[str, int]]) -> tuple[Predictions, ...]:
    """Return what the logs have about some versions, given as (project, number); nothing for one that never answered.

    What is only in a server's own log is not counted until 07_monitor imports it.

    Raises:
        InputDataError: when a part of monitoring's log is not a Parquet file.
        GatewayError: when a gateway's log has a line that it did not write.
    """
    return tuple(sorted(_in_logs(workspace, versions), key=lambda one: (one.project, one.version, one.log)))


def _in_logs(workspace: Workspace, versions: Collection[tuple[str, int]]) -> Iterator[Predictions]:
    from kit.gateway.plan import GatewayFiles, log_files  # noqa: PLC0415  imports the schema of project.yml

    for project in sorted({project for project, _ in versions}):
        numbers = {number for name, number in versions if name == project}
        log = GatewayFiles.of(workspace, project).access_log
        if log_files(log):
            yield from _of_gateway(log, project, numbers)
        rows = workspace.path / PREDICTIONS / project
        if rows.is_dir():
            yield from _of_monitoring(rows, project, numbers)


def _of_gateway(path: Path, project: str, numbers: Collection[int]) -> Iterator[Predictions]:
    from kit.gateway.audit import count_answered  # noqa: PLC0415  imports Arrow

    for one in count_answered(path):
        if one.version.isdecimal() and int(one.version) in numbers:
            yield Predictions(project, int(one.version), "gateway", one.count, one.first, one.last)


def _of_monitoring(folder: Path, project: str, numbers: Collection[int]) -> Iterator[Predictions]:
    # Arrow takes a while to import.
    import pyarrow as pa  # noqa: PLC0415

    from kit.monitoring.day_table import DayTable  # noqa: PLC0415
    from kit.monitoring.log import TIME, TIMESTAMP, VERSION  # noqa: PLC0415

    table = DayTable(folder, pa.schema([(TIME, TIMESTAMP), (VERSION, pa.int64())]))
    each = [(TIME, "count"), (TIME, "min"), (TIME, "max")]
    # Sums of batches, then of those: all rows would take too much memory.
    sums = [
        pa.table(batch).group_by(VERSION).aggregate(each)
        for day in table.days()
        for batch in table.batches(day)
    ]
    if not sums:
        return
    all_ = [(f"{TIME}_count", "sum"), (f"{TIME}_min", "min"), (f"{TIME}_max", "max")]
    for row in pa.concat_tables(sums).group_by(VERSION).aggregate(all_).to_pylist():
        if row[VERSION] in numbers:
            values = (row[f"{name}_{how}"] for name, how in all_)
            yield Predictions(project, row[VERSION], "monitoring", *values)
