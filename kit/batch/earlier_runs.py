"""What the records of earlier runs tell about the notebook of a place, on one project."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeAlias

from kit.batch.parameters import Value
from kit.batch.record import RunRecord


def steps_by_place(records: Sequence[RunRecord], project: Value | None) -> dict[str, tuple[str, ...]]:
    """Return the components that the notebook of each place ran the last time that it ended well on a project."""
    found: dict[str, tuple[str, ...]] = {}
    for record in records:
        ran: defaultdict[str, list[str]] = defaultdict(list)
        for step in record.steps:
            ran[step.notebook].append(step.step)
        done = (row for row in record.notebooks if row.ended_well_on(project))
        found |= {row.place: tuple(ran[row.name]) for row in done}
    return found


LastGood: TypeAlias = tuple[str, dict[str, str]]
"""The run in which a notebook last ended well, and the digests of then."""


def last_good(records: Sequence[RunRecord], place: str, project: Value | None) -> LastGood | None:
    """Return how the notebook of a place last ended well on a project; None: it has not."""
    for record in reversed(records):
        for row in record.notebooks:
            if row.place == place and row.ended_well_on(project):
                return record.run_id, row.same
    return None


def was_tried(records: Sequence[RunRecord], place: str, project: Value | None) -> bool:
    """Return whether the notebook of a place ran on a project, however it ended."""
    return any(
        row.place == place and row.is_of(project) and row.seconds is not None
        for record in records
        for row in record.notebooks
    )
