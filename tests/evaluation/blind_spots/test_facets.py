"""Columns become parts that read as a person would say them, and every row is in the part that it belongs to."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from kit.checks.rows import Rows
from kit.evaluation.blind_spots.facets import MOST_VALUES, Condition, facets, of_numbers, of_texts
from kit.project import Project


@pytest.fixture(scope="module")
def recommender() -> Project:
    return Project.load("recommender")


def test_a_condition_reads_as_it_is_meant() -> None:
    assert str(Condition("device", value="mobile")) == "device=mobile"
    assert str(Condition("price", low=10.0, high=25.5)) == "price from 10 to below 25.5"
    assert str(Condition("price", high=10.0)) == "price below 10"
    assert str(Condition("price", low=10.0)) == "price from 10"
    assert str(Condition("timestamp", "hour", value=3)) == "hour of timestamp=3"
    assert str(Condition("price", missing=True)) == "price is missing"


def test_each_number_is_in_the_range_that_its_part_names() -> None:
    draw = np.random.default_rng(3)
    numbers = np.where(draw.random(5_000) < 0.1, np.nan, draw.pareto(1.0, 5_000))
    facet = of_numbers("price", "", numbers, whole=False)
    seen = np.zeros(len(numbers), int)
    for first, last in facet.parts():
        condition, inside = facet.condition(first, last), (facet.codes >= first) & (facet.codes <= last)
        if condition.missing:
            assert (inside == np.isnan(numbers)).all()
        else:
            low, high = condition.low or -np.inf, condition.high or np.inf
            assert (inside == ((numbers >= low) & (numbers < high))).all()
        assert (facet.fulfils(condition) == inside).all()
        seen += inside * (first == last)
    assert (seen == 1).all()
    sizes = np.bincount(facet.codes)
    assert sizes.min() > sizes.max() / 2, "parts have about the same size"


def test_a_range_of_few_whole_numbers_keeps_them() -> None:
    facet = of_numbers("position", "", np.array([1.0, 2, 2, 3, 3, 3]), whole=True)
    said = {str(facet.condition(*part)) for part in facet.parts()}
    assert said == {"position=1", "position=2", "position=3", "position below 3", "position from 2"}


def test_all_numbers_alike_cut_nothing_off() -> None:
    assert of_numbers("age", "", np.full(50, 7.0), whole=False).size == 1
    assert of_numbers("age", "", np.full(50, np.nan), whole=False).size == 1


def test_rare_values_are_in_no_part() -> None:
    values = [f"c{number}" for number in range(MOST_VALUES + 5) for _ in range(MOST_VALUES + 5 - number)]
    facet = of_texts("city", pa.array([*values, None]))
    assert facet.size == MOST_VALUES + 1, "the missing value has a part"
    for code, name in enumerate(facet.values):
        assert [value == name for value in [*values, None]] == (facet.codes == code).tolist()
    assert facet.codes[-1] == MOST_VALUES
    assert (facet.codes == facet.size).sum() == 5 + 4 + 3 + 2 + 1


def test_columns_of_the_sample_and_what_is_derived(recommender: Project) -> None:
    rows = {
        "request_id": ["r1", "r2", "r3", "r4"],
        "timestamp": [1_767_225_660, 1_767_225_660 + 3 * 3600, None, 1_767_225_660 + 86_400],
        "user_id": [f"u{number}" for number in range(4)],
        "age": [20, None, 40, 50],
        "device": ["mobile", "tablet", None, "mobile"],
        "position": [1, 2, 3, 1],
        "last_items": ["i1 i2", "", "i3", None],
        "clicked": [0, 1, 0, 1],
    }
    made = {
        (facet.column, facet.derived): facet
        for facet in facets(recommender, Rows(pa.RecordBatch.from_pydict(rows)))
    }
    assert ("clicked", "") not in made, "the label is no facet"
    assert ("request_id", "") not in made, "nor is a key"
    hour, weekday = made["timestamp", "hour"], made["timestamp", "weekday"]
    assert [str(hour.condition(code, code)) for code in hour.codes] == [
        "hour of timestamp=0", "hour of timestamp=3", "hour of timestamp is missing", "hour of timestamp=0",
    ]  # fmt: skip
    assert str(weekday.condition(0, 0)) == "weekday of timestamp=4", "2026-01-01 was a Thursday"
    length = made["last_items", "length"]
    assert [length.condition(code, code).value for code in length.codes] == [2, 0, 1, 0]
    assert made["position", ""].ordered == 3, "whole numbers of a category make ranges"
    assert made["age", ""].has_missing


def test_an_id_of_few_values_is_searched_and_of_many_is_not(recommender: Project) -> None:
    for few, expected in ((True, True), (False, False)):
        values = [f"i{number % 5 if few else number}" for number in range(100)]
        batch = pa.RecordBatch.from_pydict({"item_id": values})
        assert bool(facets(recommender, Rows(batch))) == expected
