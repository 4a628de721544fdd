"""How the tests of this folder show rows, or statistics of them, to a check."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow as pa

from kit.checks.chance import Totals
from kit.checks.check import Check, Finding
from kit.checks.distances import Statistics
from kit.checks.rows import Rows
from kit.data.example_gen import SPLITS
from kit.data.files import rows_of
from kit.data.span_statistics import as_examples
from kit.data.statistics import statistics_of_batches
from kit.project import Project


def rows(span: int | None = None, **columns: Sequence[object]) -> Rows:
    """Return rows as the checks see them; None: missing."""
    return Rows(pa.RecordBatch.from_pydict(dict(columns)), span)


def findings(
    check: Check, train: Iterable[Rows] | Rows, held_out: Iterable[Rows] | Rows, totals: Totals | None = None
) -> list[Finding]:
    """Return what a check says after it, and the totals, have seen both splits."""
    for split, parts in zip(SPLITS, (train, held_out), strict=True):
        for part in [parts] if isinstance(parts, Rows) else parts:
            for one in (totals, check):
                if one is not None:
                    one.add(split, part)
    return check.findings()


def statistics(**columns: Sequence[object]) -> Statistics:
    return statistics_of_batches([as_examples(pa.RecordBatch.from_pydict(dict(columns)))])


def statistics_of(project: Project, *spans: int) -> Statistics:
    files = [file for span in spans for file in project.span_files(span)]
    return statistics_of_batches(map(as_examples, rows_of(project, files)))
