"""Drills for the view: the sample's shape, none, many, and with hostile names."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from widget_examples import HOSTILE

from widgets.drill import ExtractionDrill

QUERIES = (10, 30, 100, 300)


@dataclass(frozen=True)
class Point:
    queries: int
    rank_correlation: float
    overlap: float
    r2: float


@dataclass(frozen=True)
class Outcome:
    name: str
    points: tuple[Point, ...]
    quality: float = 0.8326
    quality_cost: float = 0.0
    ndcg_cost: float | None = 0.0
    top_kept: float = 1.0
    refused: float = 0.0
    recommended: bool = False


@dataclass(frozen=True)
class Drill:
    outcomes: tuple[Outcome, ...] = ()
    version: int = 17
    quality_name: str = "AUC"
    candidates: int = 100
    best: int = 10
    held_out: int = 100
    rows: int = 4_000
    rule: str = field(default="Of what costs little, what leaves the copy least.")


def rising(last: float, queries: tuple[int, ...] = QUERIES) -> tuple[Point, ...]:
    """Return a curve that ends at a rank correlation."""
    return tuple(
        Point(one, last * (1 - 2 / one), 0.6 * last, 2 * last - 1.5 + place / 10)
        for place, one in enumerate(queries)
    )


def sample() -> Drill:
    return Drill(
        (
            Outcome("none", rising(0.82)),
            Outcome("2 decimals", rising(0.819), quality_cost=0.0005, ndcg_cost=-0.0003, top_kept=0.99),
            Outcome("top 10 only", rising(0.52), recommended=True),
            Outcome("noise 1", rising(0.817), quality_cost=0.032, ndcg_cost=0.0738, top_kept=0.55),
            Outcome("rate limit 20 a day", rising(0.798, (10, 30, 100, 140)), refused=0.0021),
            Outcome("distilled model", rising(0.815), quality_cost=0.0181, ndcg_cost=None, top_kept=0.79),
            Outcome("the running server", rising(0.7, (10,)), quality=math.nan, top_kept=math.nan),
        )
    )


def view(**state: str) -> ExtractionDrill:
    return ExtractionDrill(sample(), **state)


def nothing() -> ExtractionDrill:
    return ExtractionDrill(Drill())


def refused() -> ExtractionDrill:
    """Return a drill in which nothing was answered and nothing is recommended."""
    return ExtractionDrill(Drill((Outcome("none", ()), Outcome("top 10 only", ()))))


def many(amount: int = 3_000) -> ExtractionDrill:
    outcomes = [
        Outcome(f"noise {number}", rising(0.8), recommended=number == 2_000) for number in range(amount)
    ]
    return ExtractionDrill(Drill(tuple(outcomes)))


def hostile(**state: str) -> ExtractionDrill:
    outcomes = [Outcome(name, rising(0.8), recommended=place == 1) for place, name in enumerate(HOSTILE)]
    return ExtractionDrill(Drill(tuple(outcomes), rule=HOSTILE[0], quality_name=HOSTILE[2]), **state)
