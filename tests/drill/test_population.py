"""Requests and their numbers, from rows as the sample has them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import tensorflow as tf

from kit.drill.encoder import Encoder
from kit.drill.population import Population
from kit.project import Project

ITEMS, USERS, ROWS = 100, 30, 600
COLUMNS = {
    name: pa.string() if name in {"user_id", "item_id", "category", "device", "last_items"} else pa.int64()
    for name in ("user_id", "item_id", "category", "device", "last_items", "position", "timestamp")
}


@pytest.fixture(scope="module")
def project() -> Project:
    return Project.load("recommender")


@pytest.fixture(scope="module")
def population() -> Population:
    draw = np.random.default_rng(0)
    request = np.repeat(np.arange(ROWS // 10), 10)
    user, item = request % USERS, draw.integers(0, ITEMS, ROWS)
    history = np.array([f"i{one} i{(one + 5) % ITEMS}" for one in range(USERS)])
    rows = pd.DataFrame(
        {
            "request_id": [f"r{one}" for one in request],
            "user_id": [f"u{one}" for one in user],
            "item_id": [f"i{one}" for one in item],
            "category": [f"c{one % 5}" for one in item],
            "device": [("mobile", "desktop")[one % 2] for one in user],
            "last_items": history[user],
            "position": pd.Series(np.tile(np.arange(1, 11), ROWS // 10), dtype="Int64"),
            "timestamp": pd.Series(request * 3600, dtype="Int64"),
        }
    )
    return Population(rows, COLUMNS, "request_id", ("item_id", "category"))


def test_what_follows_from_an_item_is_found(project: Project, population: Population) -> None:
    assert Population.of_rows(project, population.rows).of_item == ("item_id", "category")


def test_a_request_is_one_user_with_many_items(population: Population) -> None:
    rows = population.requests(7, 50, seed=1)
    assert len(rows) == 350
    for _, request in rows.groupby(np.arange(350) // 50):
        assert (request["user_id"] == request["user_id"].iloc[0]).all()
        assert request["position"].unique().tolist() == [1]
        assert request["item_id"].nunique() == 50
    assert (rows["category"] == "c" + (rows["item_id"].str[1:].astype(int) % 5).astype(str)).all()


def test_requests_follow_from_the_seed_and_begin_alike(population: Population) -> None:
    few, more = population.requests(3, 20, seed=1), population.requests(9, 20, seed=1)
    assert few.equals(more[:60])
    assert not few.equals(population.requests(3, 20, seed=2))
    assert len(population.requests(200, 20, seed=1)) == 4_000  # more than there are queries


def test_without_lists_any_rows_are_asked_for(population: Population) -> None:
    plain = Population(population.rows, COLUMNS, None, ())
    rows = plain.requests(2, 500, seed=1)
    assert len(rows) == 1_000
    assert rows[:ROWS].sort_values(["request_id", "position"])["item_id"].tolist() == (
        population.rows.sort_values(["request_id", "position"])["item_id"].tolist()
    )


def test_records_carry_what_a_request_does(population: Population) -> None:
    rows = population.rows[:1].assign(device=pd.Series([None], dtype=object))
    example = tf.train.Example.FromString(population.records(rows)[0])
    features = example.features.feature
    assert set(features) == set(COLUMNS)
    assert features["item_id"].bytes_list.value[0].decode() == rows["item_id"][0]
    assert features["device"].WhichOneof("kind") is None


def test_an_encoder_sees_lists_categories_and_times(project: Project, population: Population) -> None:
    rows = population.requests(40, 50, seed=1)
    encoder = Encoder.of(project, rows, 50)
    assert set(encoder.many) == {"item_id"}
    assert set(encoder.lists["last_items"]) == {"category"}
    dense, ids = encoder.encode(rows)
    assert ids.shape == (2_000, ITEMS)
    assert (ids.sum(axis=1) == 1).all()
    shares = dense[
        :, -1
    ]  # of the last items, with the candidate's own category: both have the user's, or none
    own = rows["user_id"].str[1:].astype(int) % 5 == rows["item_id"].str[1:].astype(int) % 5
    assert shares.tolist() == own.astype(float).tolist()


def test_a_value_that_was_not_seen_has_no_number(project: Project, population: Population) -> None:
    rows = population.requests(40, 50, seed=1)
    encoder = Encoder.of(project, rows, 50)
    dense, ids = encoder.encode(rows[:1].assign(item_id="i9999", device="tv", last_items=None))
    assert not ids.any()
    assert np.isfinite(dense).all()
