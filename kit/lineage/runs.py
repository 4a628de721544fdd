"""Which batch run a step belongs to."""

from __future__ import annotations

from collections.abc import Sequence

from kit.batch.record import RunRecord
from kit.lineage.graph import Node
from kit.steps.origin import RUN


def run_of(runs: Sequence[RunRecord], step: Node) -> str:
    """Return the id of the batch that started an execution; empty: none, it ran by hand.

    An execution that began before such ids were recorded belongs to the batch that ran at that time.

    Args:
        runs: the runs of the workspace.
        step: an execution.
    """
    if recorded := step.origin.get(RUN):
        return recorded
    if step.origin:  # it would have recorded it
        return ""
    for run in runs:
        ended = run.ended.timestamp() if run.ended else float("inf")
        if run.project == step.project and run.started.timestamp() <= (step.began or 0) <= ended:
            return run.run_id
    return ""
