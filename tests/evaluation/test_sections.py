"""What project.yml may say about evaluation, and what it is told otherwise."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from kit.evaluation.sections import (
    HIGHER_IS_BETTER,
    METRICS_BY_TASK,
    MORE_METRICS,
    RANKING_METRICS,
    Band,
    Evaluation,
    Ranking,
)
from kit.project.file import Gate, ProjectFile

BASE: dict[str, Any] = {
    "name": "shop",
    "task": "binary",
    "label": "y",
    "data": {"files": "rows.csv"},
    "columns": {"y": "label", "city": "category", "age": "number", "visit": "key", "item": "id"},
}
RANKING = {"query": "visit", "item": "item"}


def project(**more: Any) -> ProjectFile:
    return ProjectFile.model_validate({**BASE, **more})


def test_every_metric_has_a_direction() -> None:
    named = {
        name
        for names in (*METRICS_BY_TASK.values(), *MORE_METRICS.values(), RANKING_METRICS)
        for name in names
    }
    assert named == set(HIGHER_IS_BETTER)


def test_bands_are_named_by_their_edges_or_by_the_project() -> None:
    assert Band(column="age", edges=(25,)).labels == ("under 25", "25 and over")
    assert Band(column="x", edges=(-0.5, 0.25, 1e6)).labels == (
        "under -0.5",
        "-0.5 to 0.25",
        "0.25 to 1000000",
        "1000000 and over",
    )
    assert Band(column="days", edges=(7,), names=("new", "old")).labels == ("new", "old")


@pytest.mark.parametrize(
    ("band", "expected"),
    [
        ({"edges": []}, "at least 1 item"),
        ({"edges": [3, 3]}, "must rise"),
        ({"edges": [float("nan")]}, "finite"),
        ({"edges": [1], "names": ["one"]}, "1 edges cut 2 bands, but there are 1 names"),
        ({"edges": [1], "names": ["same", "same"]}, "must differ"),
        ({"edges": [1], "names": ["*", "rest"]}, "must differ, and none is empty or"),
    ],
)
def test_bands_that_cannot_be(band: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValidationError, match=expected):
        Band.model_validate({"column": "age", **band})


@pytest.mark.parametrize("off", [False, "off", "none"])
def test_intervals_can_be_off(off: object) -> None:
    assert Evaluation.model_validate({"intervals": off}).intervals == "none"


def _bands(column: str, **bands: Any) -> dict[str, Any]:
    return {"bands": {name: {"column": column, "edges": [18]} for name in bands or ["band"]}}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"evaluation": _bands("city")}, "column 'city' is not numeric; there are age"),
        ({"evaluation": _bands("nowhere")}, "column 'nowhere' is not numeric"),
        ({"evaluation": _bands("age", city=1)}, "'city' is a column; give the band another name"),
        ({"slices": [["band"]]}, "'band' is not among the columns that are read: y, city, age, visit, item$"),
        ({"evaluation": _bands("age"), "slices": [["x"]]}, "visit, item; nor among the bands: band"),
        (
            {
                "evaluation": _bands("age"),
                "gates": [{"metric": "auc", "slice": {"band": "over 18"}, "min": 0.5}],
            },
            "'band' has no band 'over 18'; it has under 18, 18 and over",
        ),
        (
            {"ranking": {"query": "session", "item": "item"}},
            "'session' is not among the columns that are read",
        ),
        ({"ranking": RANKING, "task": "regression"}, "task must be binary, not regression"),
        ({"metrics": ["auc", "mrr"]}, "metrics 'mrr': it needs a section ranking$"),
        ({"ranking": RANKING, "metrics": ["diversity"]}, "it needs a section ranking with attributes"),
        ({"metrics": ["mae"]}, "a binary project has auc, auc_pr,"),
    ],
)
def test_what_does_not_fit_the_columns(more: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValidationError) as caught:
        project(**more)
    message = caught.value.errors()[0]["msg"]
    assert expected.rstrip("$") in message
    assert not expected.endswith("$") or message.endswith(expected.rstrip("$"))


def test_slices_and_gates_may_be_of_bands_and_of_every_value() -> None:
    spec = project(
        evaluation=_bands("age"),
        slices=[["band"], ["band", "city"]],
        gates=[
            {"metric": "auc", "slice": {"band": "under 18", "city": "*"}, "min": 0.5},
            {"metric": "auc", "slice": {"band": "*"}, "min": 0.5},
        ],
    )
    assert len(spec.gates) == 2


def test_ranking_metrics_come_with_the_section() -> None:
    assert not set(project().evaluated) & set(RANKING_METRICS)
    assert set(project(ranking=RANKING).evaluated) & set(RANKING_METRICS) == set(RANKING_METRICS) - {
        "diversity"
    }
    assert set(RANKING_METRICS) <= set(project(ranking={**RANKING, "attributes": ["city"]}).evaluated)


def test_where_both_sides_are_wrong_there_is_no_change_for_the_better() -> None:
    with pytest.raises(
        ValidationError, match="calibration has no better direction: bound it with min and max"
    ):
        Gate(metric="calibration", min_change=-0.1)


def test_a_list_has_a_first_place() -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        Ranking(query="visit", item="item", k=0)
