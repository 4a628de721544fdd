"""The figures of a drill."""

from __future__ import annotations

import pytest

from kit.bench.drill import of_drill
from kit.drill.outcomes import NONE, Drill, Outcome, Point
from kit.drill.settings import DrillSettings
from kit.errors import StepFailedError


def made(name: str, fidelity: float, cost: float, *, recommended: bool = False) -> Outcome:
    points = (Point(10, 0.2, 0.1, 0.0), Point(300, fidelity, 0.6, 0.5))
    return Outcome(
        name=name,
        points=points,
        quality=0.8,
        quality_cost=cost,
        ndcg=None,
        ndcg_cost=None,
        top_kept=1.0,
        refused=0.0,
        days=0.0,
        recommended=recommended,
    )


def found(*outcomes: Outcome, seconds: float = 20) -> Drill:
    return Drill(
        outcomes=outcomes,
        version=1,
        quality_name="AUC",
        candidates=100,
        best=10,
        held_out=100,
        rows=4_000,
        rule="",
        seconds=seconds,
    )


def test_each_protection_has_its_figures_and_the_recommended_one_a_goal() -> None:
    drill = found(made(NONE, 0.8, 0), made("top 10 only", 0.5, 0.001, recommended=True))
    figures = {one.name: one for one in of_drill(drill, DrillSettings())}
    assert figures["copy by 300 queries, none: rank correlation with the model"].value == 0.8
    assert figures["copy by 300 queries, top 10 only: top 10 known"].value == pytest.approx(60)
    assert figures["recommended, top 10 only: AUC that honest users lose"].ok
    assert figures["extraction drill"].ok
    assert len(figures) == 8


def test_a_slow_drill_and_a_dear_recommendation_miss_their_goals() -> None:
    drill = found(made(NONE, 0.8, 0), made("noise 1", 0.5, 0.01, recommended=True), seconds=61)
    missed = [one.name for one in of_drill(drill, DrillSettings()) if not one.ok]
    assert missed == ["extraction drill", "recommended, noise 1: AUC that honest users lose"]


def test_without_answers_there_is_nothing_to_measure() -> None:
    with pytest.raises(StepFailedError, match="must have had answers"):
        list(of_drill(found(), DrillSettings()))
