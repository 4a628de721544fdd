"""Write the results of a sweep: one table, as CSV and Parquet, and one page."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from kit.sweep.records import PointRecord, SweepFolder, SweepRecord, ordered
from kit.sweep.report import as_page
from kit.workspace import write_atomically

TABLE, PARQUET, REPORT = "results.csv", "results.parquet", "report.html"


def results_table(folder: SweepFolder, record: SweepRecord, points: list[PointRecord]) -> pd.DataFrame:
    """Return one row per point, the best first: values, metrics, how it ended, and where its workspace is.

    A point that has not begun has no workspace, nor has one whose workspace `kit gc` has deleted.
    """
    rows = [
        {
            "point": point.number,
            **{name: point.values.get(name) for name in record.swept},  # noqa: PD011  no table
            **{metric.column: point.metrics.get(metric.column) for metric in record.metrics},
            "state": point.shown_state,
            "exit_code": point.exit_code,
            "reason": point.reason,
            "run_seconds": point.seconds,
            "peak_memory_mb": point.peak_memory_mb,
            "attempts": point.attempts,
            "host": point.host,
            "worker": point.worker,
            "code": point.code,
            "workspace": str(place) if (place := folder.workspace_of(point.number)).exists() else "",
        }
        for point in ordered(record, points)
    ]
    return pd.DataFrame(rows).astype({"exit_code": "Int64"})


def write_results(folder: SweepFolder, record: SweepRecord, points: list[PointRecord]) -> Path:
    """Write the table and the page beside the record of the sweep; return where the page is.

    Raises:
        OSError: when they cannot be written.
    """
    table = results_table(folder, record, points)
    write_atomically(folder.path / TABLE, table.to_csv(index=False))
    write_atomically(folder.path / PARQUET, _one_type_a_column(table).to_parquet(index=False))
    path = folder.path / REPORT
    write_atomically(path, as_page(record, points))
    return path


def _one_type_a_column(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table that Parquet can hold: values of several types in a column, such as 1 and 0.5, get one type."""
    return table.convert_dtypes()
