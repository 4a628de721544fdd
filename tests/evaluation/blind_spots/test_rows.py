"""The rows of an evaluation are scored by its model, and a slice that the model knows nothing of is found."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from kit.data.records import count_records
from kit.errors import StepOrderError
from kit.evaluation.blind_spots.rows import find_blind_spots, judged_rows, outcomes_of
from kit.evaluation.blind_spots.search import Limits
from kit.evaluation.metrics.scores import auc
from kit.evaluation.results import metrics_table
from kit.project import Project
from kit.session import Session
from kit.workspace import Workspace

if TYPE_CHECKING:
    from training.tiny import Tiny


def test_the_rows_are_those_of_the_evaluation(tiny: Tiny, blessed: Session) -> None:
    judged = judged_rows(blessed)
    rows = count_records(tiny.path("ExampleGen", "examples"), "eval")
    assert len(judged.outcomes) == len(judged.probabilities) == rows
    found = metrics_table(blessed.path("Evaluator", "evaluation"), blessed.project).set_index("slice")
    assert auc(judged.probabilities, judged.outcomes) == pytest.approx(found["auc"]["all rows"], abs=0.002)
    names = {(facet.column, facet.derived) for facet in judged.facets}
    assert {("height", ""), ("city", ""), ("came", "hour"), ("came", "weekday")} <= names
    [city] = [facet for facet in judged.facets if facet.column == "city"]
    for code, value in enumerate(city.values):
        assert (city.codes == code).sum() == found["example_count"][f"city={value}"]
        inside = city.codes == code
        area = auc(judged.probabilities[inside], judged.outcomes[inside])
        assert area == pytest.approx(found["auc"][f"city={value}"], abs=0.005), (
            "scores and rows are in one order"
        )


def test_what_is_found_comes_with_an_entry(blessed: Session) -> None:
    found = find_blind_spots(blessed, Limits(chance=1.0, least_excess=0.0, least_rows=20))
    assert found.outcome == "bought"
    assert all(spot.entry.startswith(f"# {spot.name}\n") for spot in found.spots)


def test_without_an_evaluation_it_says_what_to_run(tmp_path: Path) -> None:
    session = Session(Workspace(tmp_path), Project.load("recommender"))
    with pytest.raises(StepOrderError, match="Run 04_evaluate first"):
        find_blind_spots(session)


def test_of_classes_it_counts_whether_the_chosen_one_is_right() -> None:
    scores = np.array([[0.2, 0.7, 0.1], [0.5, 0.3, 0.2], [0.1, 0.2, 0.7]])
    outcomes, probabilities = outcomes_of("multiclass", scores, np.array([1.0, 2.0, 2.0]))
    assert outcomes.tolist() == [1, 0, 1]
    assert probabilities.tolist() == [0.7, 0.5, 0.7]


def test_of_numbers_it_counts_errors_that_are_large_for_such_predictions() -> None:
    draw = np.random.default_rng(5)
    predictions = draw.uniform(1, 100, 10_000)
    labels = predictions + predictions * draw.normal(size=10_000)  # errors grow with the value
    outcomes, probabilities = outcomes_of("regression", predictions, labels)
    assert (probabilities == 0.2).all()
    for low, high in ((1, 20), (80, 100)):
        inside = (predictions >= low) & (predictions < high)
        assert outcomes[inside].mean() == pytest.approx(0.2, abs=0.01)
    errors, near = np.abs(labels - predictions), np.abs(predictions - 50) < 1
    assert errors[near & (outcomes == 1)].min() > 0.9 * errors[near & (outcomes == 0)].max()
