"""The results of a drill and the recommendation that its rule makes, as plain values."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from kit.drill.settings import DrillSettings
from kit.workspace import write_atomically

NONE, LIMIT, DISTILLED, SERVER = "none", "rate limit", "distilled model", "the running server"


@dataclass(frozen=True)
class Point:
    """How good a surrogate became with some queries.

    Attributes:
        queries: requests that were answered.
        rank_correlation: the rank correlation of its scores and the model's own, on requests that neither has seen.
        overlap: share of a request's top that it finds.
        r2: share of the variance of the scores that it explains.
    """

    queries: int
    rank_correlation: float
    overlap: float
    r2: float


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The outcome of one protection.

    Attributes:
        name: the name of the protection; `none` is the model as it is.
        points: its surrogates, by rising number of queries.
        quality: AUC on the labels for honest users; R² for a regression.
        quality_cost: how much lower that is than without protection.
        ndcg: the NDCG of the lists of honest users; None where there are no lists.
        ndcg_cost: how much lower that is than without protection.
        top_kept: share of the model's top that honest users still see as the top.
        refused: share of honest requests that get no answer.
        days: the days that the most queries take.
        recommended: whether the rule chooses it.
    """

    name: str
    points: tuple[Point, ...]
    quality: float
    quality_cost: float
    ndcg: float | None
    ndcg_cost: float | None
    top_kept: float
    refused: float
    days: float
    recommended: bool = False

    @property
    def fidelity(self) -> float:
        """Rank correlation with the most queries that were answered."""
        return self.points[-1].rank_correlation if self.points else 0.0

    @property
    def learnt(self) -> bool:
        """Whether the surrogate is closer to the scores than their mean is; else what differs is chance."""
        return bool(self.points) and self.points[-1].r2 > 0


@dataclass(frozen=True, kw_only=True)
class Drill:
    """What a drill found.

    Attributes:
        outcomes: the model as it is first.
        version: the version of the model.
        quality_name: AUC or R².
        candidates: the candidates of a request.
        best: how many of them count as the top.
        held_out: requests that surrogates were judged on.
        rows: the honest rows that the costs are measured on.
        rule: the rule by which a protection is recommended, in words.
        seconds: the seconds that it took.
    """

    outcomes: tuple[Outcome, ...]
    version: int
    quality_name: str
    candidates: int
    best: int
    held_out: int
    rows: int
    rule: str
    seconds: float

    @property
    def recommended(self) -> Outcome | None:
        return next((one for one in self.outcomes if one.recommended), None)

    def write(self, path: Path) -> None:
        """Keep it, for `last_drill`."""
        write_atomically(path, json.dumps(asdict(self)) + "\n")


def drill_file(workspace: Path, project: str) -> Path:
    """Return where the last drill of a project's model is kept."""
    return workspace / "drills" / f"{project}.json"


def last_drill(workspace: Path, project: str) -> Drill | None:
    """Return what `kit drill` found last; None: nothing yet."""
    path = drill_file(workspace, project)
    if not path.exists():
        return None
    found = json.loads(path.read_text())
    outcomes = tuple(
        Outcome(**{**one, "points": tuple(Point(**point) for point in one["points"])})
        for one in found["outcomes"]
    )
    return Drill(**{**found, "outcomes": outcomes})


def recommend(outcomes: Sequence[Outcome], settings: DrillSettings) -> tuple[Outcome, ...]:
    """Mark the one that the rule of the settings chooses; the first outcome is the model as it is."""
    plain = outcomes[0]
    fit = [
        one
        for one in outcomes[1:]
        if one.name != SERVER
        and one.quality_cost <= settings.max_auc_cost
        and one.top_kept >= settings.min_overlap
        and one.refused <= settings.max_refused
        and one.fidelity <= plain.fidelity - settings.min_gain
    ]
    if not plain.learnt:
        fit = []
    lowest = min((one.fidelity for one in fit), default=0.0)
    alike = [one for one in fit if one.fidelity <= lowest + settings.min_gain]
    best = min(alike, key=lambda one: (max(one.quality_cost, 0.0), one.refused, one.fidelity), default=None)
    return tuple(replace(one, recommended=one is best) for one in outcomes)
