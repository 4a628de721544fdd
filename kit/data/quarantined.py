"""Read back the rows that ExampleGen quarantined, and why."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path

from kit.data.files import count_rows, csv_rows
from kit.data.quarantine import COUNTS_FILE, QUARANTINED, SURPLUS, FileCount
from kit.session import Session
from kit.steps.made import StepsMade


def read_counts(made: StepsMade) -> list[FileCount]:
    """Return the row counts of each data file that ExampleGen last read with a quarantine; without one, none.

    Raises:
        StepOrderError: when there are no examples yet.
    """
    if not made.properties("ExampleGen").get("quarantine"):
        return []
    text = (made.path("ExampleGen", QUARANTINED) / COUNTS_FILE).read_text(encoding="utf-8")
    return [FileCount(**count) for count in json.loads(text)]


def count_quarantined(made: StepsMade) -> dict[str, int]:
    """Count the rows in the side files, by split; without a quarantine there are none.

    For files that a hash splits they are under `all`: the split of a bad row is not known.
    """
    rows: dict[str, int] = {}
    for count in read_counts(made):
        side = made.path("ExampleGen", QUARANTINED) / count.side
        rows[count.split] = rows.get(count.split, 0) + (count_rows(side, "csv", ",") if side.exists() else 0)
    return rows


def quarantined_rows(session: Session, counts: Iterable[FileCount], most: int) -> list[dict[str, str]]:
    """Return the first rows in quarantine of some data files: `_file`, `_row`, `_reason`, and the cells as found."""
    folder = session.path("ExampleGen", QUARANTINED)
    rows = chain.from_iterable(_rows(folder / count.side) for count in counts if count.quarantined)
    return list(islice(rows, most))


def quarantine_text(session: Session) -> str:
    """Return how many rows are in quarantine and where their files are, in a sentence.

    Raises:
        StepOrderError: when there are no examples yet.
    """
    counts = read_counts(session)
    if not counts:
        return "No row is quarantined: project.yml asks for no quarantine."
    rows, read = (sum(getattr(count, name) for count in counts) for name in ("quarantined", "read"))
    if not rows:
        return f"No row is quarantined: all of {read:,} follow the rules of the quarantine."
    return f"In quarantine are {rows:,} of {read:,} rows: {session.path('ExampleGen', QUARANTINED)}"


def _rows(side: Path) -> Iterator[dict[str, str]]:
    lines = csv_rows(side, ",")
    header = next(lines)
    for cells in lines:
        row = dict(zip(header, cells, strict=True))
        if not row[SURPLUS]:
            del row[SURPLUS]
        yield row
