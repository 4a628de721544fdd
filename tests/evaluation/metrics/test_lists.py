"""Ranking metrics are what their papers say, in whatever order and in whatever parts the rows come."""

from __future__ import annotations

import math

import numpy as np
import pytest

from evaluation.metrics import plain
from evaluation.metrics.plain import Row
from kit.evaluation.metrics.lists import ListFigures, ListSums, measure_list


def measured(rows: list[Row], k: int) -> ListFigures:
    return measure_list(
        np.array([row.score for row in rows]),
        np.array([row.label for row in rows]),
        np.array([row.item.encode() for row in rows]),
        [np.array([row.kind.encode() for row in rows])],
        k=k,
    )


def lists(seed: int, *, ties: bool = False) -> list[list[Row]]:
    """Return lists of one to twelve rows, of which some have no positive one."""
    draw = np.random.default_rng(seed)
    made = []
    for _ in range(60):
        rows = int(draw.integers(1, 13))
        scores = draw.integers(0, 3, rows) / 2 if ties else draw.random(rows)
        labels, items = draw.random(rows) < 0.2, draw.zipf(1.5, rows) % 40
        made.append(
            [
                Row(float(score), int(label), f"i{item}", f"c{item % 4}")
                for score, label, item in zip(scores, labels, items, strict=True)
            ]
        )
    return made


@pytest.mark.parametrize("k", [1, 3, 20])
@pytest.mark.parametrize("ties", [False, True])
def test_they_are_those_of_the_papers(k: int, ties: bool) -> None:
    made = lists(seed=k, ties=ties)
    sums = ListSums()
    for rows in made:
        sums.add(measured(rows, k))
    assert dict(sums.metrics()) == pytest.approx(plain.metrics(made, k), nan_ok=True)


def test_the_order_of_rows_does_not_matter() -> None:
    draw = np.random.default_rng(5)
    for rows in lists(seed=5, ties=True):
        mixed = [rows[place] for place in draw.permutation(len(rows))]
        one, other = measured(rows, 3), measured(mixed, 3)
        assert (one.ndcg, one.hit, one.diversity) == (other.ndcg, other.hit, other.diversity)
        assert sorted(one.top) == sorted(other.top)


def test_sums_of_parts_are_the_sums_of_all() -> None:
    made = [measured(rows, 3) for rows in lists(seed=2)]
    whole, first, second = ListSums(), ListSums(), ListSums()
    for place, figures in enumerate(made):
        whole.add(figures)
        (first if place % 3 else second).add(figures)
    assert dict(first.merge(second).metrics()) == pytest.approx(dict(whole.metrics()))


def test_a_list_with_a_weight_counts_so_often() -> None:
    made = [measured(rows, 3) for rows in lists(seed=3)]
    weighted, repeated = ListSums(), ListSums()
    for place, figures in enumerate(made):
        weighted.add(figures, weight=place % 3)
        for _ in range(place % 3):
            repeated.add(figures)
    assert dict(weighted.metrics()) == pytest.approx(dict(repeated.metrics()))


def test_a_model_that_knows_nothing_earns_nothing_by_the_order_of_rows() -> None:
    rows = [Row(0.5, int(place == 0), f"i{place}", "c") for place in range(10)]
    found = measured(rows, 3)
    assert (found.ndcg, found.hit, found.reciprocal_rank) == (0, 0, 0.1)


def test_without_a_positive_row_a_list_says_nothing_about_the_order() -> None:
    found = ListSums().add(measured([Row(0.1, 0, "a", "x"), Row(0.2, 0, "b", "y")], 2)).metrics()
    assert all(math.isnan(found[name]) for name in ("ndcg_at_k", "mrr", "hit_rate_at_k"))
    assert (found["coverage"], found["diversity"], found["popularity_bias"]) == (1, 1, 0)


def test_nothing_at_all_has_no_metrics() -> None:
    assert all(math.isnan(value) for value in ListSums().metrics().values())


def test_a_row_without_an_item_is_ranked_but_in_no_catalogue() -> None:
    rows = [Row(0.9, 1, "", "x"), Row(0.5, 0, "a", "x"), Row(0.1, 0, "b", "y")]
    found = measured(rows, 2)
    assert found.reciprocal_rank == 1
    assert found.shown.tolist() == [b"a", b"b"]
    assert found.top.tolist() == [b"a"]


def test_the_more_popular_half_is_a_bias() -> None:
    """Of four rows three show `a`: its popularity is 3/4 and that of `b` 1/4."""
    sums = ListSums()
    sums.add(measured([Row(0.9, 1, "a", "x"), Row(0.1, 0, "b", "x")], 1))
    sums.add(measured([Row(0.9, 1, "a", "x"), Row(0.1, 0, "a", "x")], 1))
    shown = ((3 / 4 + 1 / 4) / 2 + 3 / 4) / 2
    assert sums.metrics()["popularity_bias"] == pytest.approx((3 / 4 - shown) / shown)
