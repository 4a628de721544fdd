"""Lists to be ranked: requests with other items as candidates, and how much of the top two models share."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from kit.checks.rows import Rows
from kit.project import Project
from kit.project.file import ProjectFile
from kit.release.litert.ranking import Requests, make_requests

ITEMS, USERS, ROWS = 150, 40, 2_000
SOURCES = {
    "user_xf": ("user_id",),
    "item_xf": ("item_id",),
    "category_xf": ("category",),
    "price_xf": ("price", "category"),
    "price_age_xf": ("price", "age"),
    "constant_xf": (),
}


def shop(items: int = ITEMS) -> tuple[Rows, dict[str, np.ndarray[Any, Any]]]:
    draw = np.random.default_rng(1)
    user, item = draw.integers(0, USERS, ROWS), draw.integers(0, items, ROWS)
    columns = {
        "request_id": np.arange(ROWS) // 10,
        "user_id": user,
        "item_id": item,
        "category": item % 7,
        "price": item * 1.5,
        "age": 20 + user,
        "clicked": draw.integers(0, 2, ROWS),
    }
    batch = pa.RecordBatch.from_pydict({name: pa.array(values) for name, values in columns.items()})
    features = {
        "user_xf": user,
        "item_xf": item,
        "category_xf": item % 7,
        "price_xf": np.stack([item * 1.5, item % 7], axis=1),
        "price_age_xf": item * 1.5 + user,
        "constant_xf": np.ones(ROWS),
    }
    return Rows(batch), features


@pytest.fixture(scope="module")
def ranked() -> ProjectFile:
    return Project.load("recommender").spec


def test_a_request_keeps_its_user_and_gets_a_hundred_items(ranked: ProjectFile) -> None:
    rows, features = shop()
    made = make_requests(ranked, rows, features, SOURCES)
    assert made.told == "50 requests with 100 candidates of item_id each"
    lists = {name: np.reshape(values, (50, 100, -1)) for name, values in made.features.items()}
    for one in range(50):
        assert len(np.unique(lists["user_xf"][one])) == 1
        assert len(np.unique(lists["item_xf"][one])) == 100
    np.testing.assert_array_equal(lists["category_xf"], lists["item_xf"] % 7)
    np.testing.assert_array_equal(lists["price_xf"][..., :1], lists["item_xf"] * 1.5)
    np.testing.assert_array_equal(lists["price_xf"][..., 1:], lists["item_xf"] % 7)
    assert len(np.unique(lists["price_age_xf"][0])) == 1, "it is not of the item alone, so it stays the row's"


def test_few_items_are_all_candidates(ranked: ProjectFile) -> None:
    made = make_requests(ranked, *shop(items=30), SOURCES)
    assert made.size == 30


@pytest.mark.parametrize("items", [5, ITEMS])
def test_without_ranking_or_items_lists_are_any_rows(ranked: ProjectFile, items: int) -> None:
    spec = ranked if items == 5 else ranked.model_copy(update={"ranking": None})
    made = make_requests(spec, *shop(items), SOURCES)
    assert made.told == "20 lists of any 100 rows"
    assert len(made.features["user_xf"]) == 2_000


def test_fewer_rows_than_a_list_are_one_list(ranked: ProjectFile) -> None:
    rows, features = shop()
    few = {name: values[:12] for name, values in features.items()}
    made = make_requests(ranked.model_copy(update={"ranking": None}), rows.slice(0, 12, None), few, SOURCES)
    assert (made.size, made.told) == (12, "1 lists of any 12 rows")


@pytest.mark.parametrize(
    ("change", "overlap"),
    [
        (lambda scores: scores, 1.0),
        (lambda scores: scores * 3 + 1, 1.0),
        (lambda scores: -scores, 0.0),
        # Of the second list the last five of its best ten become the worst.
        (lambda scores: np.where((np.arange(200) >= 190) & (np.arange(200) < 195), -1, scores), 0.75),
    ],
    ids=["same", "same order", "reversed", "half of one list"],
)
def test_overlap_is_the_share_of_the_best_ten(change: Any, overlap: float) -> None:
    scores = np.tile(np.arange(100.0), 2)
    assert Requests({}, 100, "").overlap(scores, change(scores)) == pytest.approx(overlap)


def test_of_several_classes_the_highest_probability_ranks() -> None:
    scores = np.random.default_rng(2).random((200, 3))
    requests = Requests({}, 100, "")
    assert requests.overlap(scores, scores[:, ::-1]) == 1.0
    assert requests.overlap(scores, scores.max(axis=1)) == 1.0
