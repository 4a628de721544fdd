"""A notebook's usual time and memory: measured in this workspace, or else from its metadata."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from kit.batch.notebook_metadata import NotebookFacts
from kit.batch.parameters import Value
from kit.batch.record import RunRecord

_LATEST = 5  # runs that count


@dataclass(frozen=True)
class Usual:
    """What is usual for a notebook; None: not known. `here`: measured in this workspace."""

    seconds: float | None
    memory_mb: float | None
    here: bool

    def __str__(self) -> str:
        if self.seconds is None:
            return ""
        return f"usually {self.seconds:.0f} s{' here' if self.here else ''}"


def usual(records: Sequence[RunRecord], place: str, project: Value | None, facts: NotebookFacts) -> Usual:
    """Return the median seconds and the highest memory of the last runs of a notebook that ended well.

    Without such runs, what its metadata say.
    Runs in which all came from the cache say little about the next one; they count only without others.
    """
    ran = [
        (row, _all_cached(record, row.name))
        for record in records
        for row in record.notebooks
        if row.place == place and row.ended_well_on(project) and row.seconds is not None
    ]
    rows = ([row for row, cached in ran if not cached] or [row for row, _ in ran])[-_LATEST:]
    if not rows:
        return Usual(facts.usual_seconds, facts.peak_memory_mb, here=False)
    memory = max(row.peak_memory_mb for row in rows)
    seconds = statistics.median(row.seconds or 0.0 for row in rows)
    return Usual(seconds, memory or facts.peak_memory_mb, here=True)


def _all_cached(record: RunRecord, notebook: str) -> bool:
    states = [step.state for step in record.steps if step.notebook == notebook]
    return bool(states) and set(states) == {"cached"}
