"""What each notebook says that it takes is what it took on the sample, give or take what a busy machine adds."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import NUMBERED, Ended, runs

from kit.batch.notebook_metadata import read_facts

pytestmark = [pytest.mark.slow, pytest.mark.notebook]

FAR_MORE_SECONDS = 6.0
"""A budget is missed when a notebook takes more than so many times its usual seconds: machines and load differ."""
STALL_SECONDS = 20.0
"""A full machine may stop for so long, which is far more than so many times for a notebook of a few seconds."""
FAR_MORE_MEMORY = 2.5
"""Memory differs less; what the processes share counts once, so that fewer beside them make each look larger."""


@pytest.mark.parametrize("path", NUMBERED, ids=lambda path: path.stem)
def test_a_numbered_notebook_has_a_budget_and_keeps_within_it(path: Path, sample: tuple[Path, Ended]) -> None:
    facts = read_facts(path)
    assert facts.usual_seconds is not None
    assert facts.peak_memory_mb is not None
    [row] = [row for row in runs(sample[0])[0]["notebooks"] if row["name"] == path.stem]
    assert row["state"] == "done"
    assert row["seconds"] <= FAR_MORE_SECONDS * facts.usual_seconds + STALL_SECONDS
    assert row["peak_memory_mb"] <= FAR_MORE_MEMORY * facts.peak_memory_mb
