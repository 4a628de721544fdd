"""A representative set that is not like its split is flagged, and one that was drawn from it is not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kit.release.litert.representative import choose, one_sided

ROWS = 20_000
Features = dict[str, np.ndarray[Any, Any]]


def split() -> Features:
    draw = np.random.default_rng(5)
    return {
        "device_xf": draw.choice(4, ROWS, p=[0.5, 0.3, 0.15, 0.05]),
        "item_xf": draw.integers(0, 5_000, ROWS),
        "price_xf": draw.normal(size=ROWS).astype(np.float32),
        "past_xf": draw.integers(0, 9, (ROWS, 3)),
        "clicked_xf": (draw.random(ROWS) < 0.1).astype(np.int64),
    }


def some(where: np.ndarray[Any, Any], count: int = 300) -> Features:
    """Return the first rows that meet a condition."""
    places = np.flatnonzero(where)[:count]
    return {name: values[places] for name, values in split().items()}


@pytest.mark.parametrize("wanted", [100, 300, 500])
def test_rows_drawn_from_the_split_are_like_it(wanted: int) -> None:
    every = split()
    for seed in range(60):
        places = choose(ROWS, wanted, seed)
        assert len(set(places.tolist())) == wanted
        assert list(places) == sorted(places)
        [finding] = one_sided({name: values[places] for name, values in every.items()}, every, "clicked_xf")
        assert finding.state == "ok", finding
        assert finding.found == f"{wanted} rows of the training split, distributed as all of it in 5 features"


def test_a_small_split_is_taken_whole() -> None:
    assert list(choose(7, 300)) == list(range(7))


def test_a_set_without_a_label_is_flagged() -> None:
    found = one_sided(some(split()["clicked_xf"] == 0), split(), "clicked_xf")
    assert [(one.subject, one.state) for one in found] == [("clicked_xf", "warn")]
    assert found[0].found.startswith("clicked_xf is 1 in 0 of 300 rows, and in ")
    assert "about 92 rows would have it" in found[0].what_to_do


def test_a_set_without_a_category_is_flagged_where_chance_does_not_explain_it() -> None:
    without = split()["device_xf"] != 2
    [found] = one_sided(some(without), split(), "clicked_xf")
    assert (found.subject, found.value) == ("device_xf", 0.0)
    assert found.expected.startswith("about 15.")


def test_a_set_of_one_category_is_flagged() -> None:
    [found] = one_sided(some(split()["device_xf"] == 0), split(), "clicked_xf")
    assert (found.subject, found.value) == ("device_xf", 1.0)


def test_a_set_of_one_side_of_a_number_is_flagged() -> None:
    [found] = one_sided(some(split()["price_xf"] < 0), split(), "clicked_xf")
    assert found.subject == "price_xf"
    assert found.value == pytest.approx(0.5, abs=0.02)
    assert "price_xf lies elsewhere: " in found.found


def test_a_set_of_one_side_of_a_sequence_is_flagged() -> None:
    """Such as only users without a history."""
    [found] = one_sided(some(split()["past_xf"][:, 1] == 0), split(), "clicked_xf")
    assert (found.subject, found.state) == ("past_xf[1]", "warn")


def test_a_class_that_is_rare_is_still_missed() -> None:
    every = split()
    every["clicked_xf"] = np.zeros(ROWS, np.int64)
    every["clicked_xf"][-3:] = 1
    first = {name: values[:300] for name, values in every.items()}
    [found] = one_sided(first, every, "clicked_xf")
    assert found.subject == "clicked_xf"
    assert "rows would have it" in found.what_to_do


def test_a_feature_that_never_differs_is_like_itself() -> None:
    every: Features = {"one_xf": np.ones(500, np.int64), "empty_xf": np.full(500, np.nan, np.float32)}
    first = {name: values[:100] for name, values in every.items()}
    [found] = one_sided(first, every, "clicked_xf")
    assert found.state == "ok"
