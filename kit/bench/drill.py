"""How well the sample's model can be extracted from its answers, and what each protection achieves at which cost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kit.bench.chain import kit_command, run_timed
from kit.bench.figure import Figure
from kit.drill.outcomes import Drill
from kit.drill.run import drill as run
from kit.drill.settings import DrillSettings
from kit.errors import StepFailedError
from kit.project import Project
from kit.session import Session
from kit.workspace import Workspace

_NOTEBOOKS = ("01_data", "02_features", "03_train", "04_evaluate", "05_release")
_MOST_SECONDS = 60


def drill(folder: Path) -> Iterator[Figure]:
    """Train and push the sample, and drill it with the defaults; takes about two minutes on two cores."""
    workspace = folder / "kit"
    run_timed(kit_command("run", *_NOTEBOOKS, "-w", str(workspace)))
    session = Session(Workspace(workspace), Project.load("recommender"))
    yield from of_drill(run(session), DrillSettings())


def of_drill(found: Drill, settings: DrillSettings) -> Iterator[Figure]:
    """Yield the figures of a drill.

    Raises:
        StepFailedError: when no request was answered.
    """
    if not found.outcomes or not found.outcomes[0].points:
        raise StepFailedError(
            "A drill must have had answers to be measured, but has none. Look at what the model answers."
        )
    yield Figure("extraction drill", found.seconds, "s", _MOST_SECONDS, "less")
    for one in found.outcomes:
        name = f"copy by {one.points[-1].queries} queries, {one.name}" if one.points else one.name
        yield Figure(f"{name}: rank correlation with the model", one.fidelity, "")
        if one.points:
            yield Figure(f"{name}: top {found.best} known", 100 * one.points[-1].overlap, "%")
        yield Figure(f"{one.name}: {found.quality_name} that honest users lose", one.quality_cost, "")
    chosen = found.recommended
    if chosen is not None:
        lost = f"recommended, {chosen.name}: {found.quality_name} that honest users lose"
        yield Figure(lost, chosen.quality_cost, "", settings.max_auc_cost, "less")
