"""Planted blind spots are found and described, and what is no blind spot is not reported."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from evaluation.blind_spots.made import Made
from kit.evaluation.blind_spots.calibration import Values, logits, sigmoid
from kit.evaluation.blind_spots.search import Judged, Limits, search


@pytest.mark.parametrize("seed", range(8))
def test_nothing_is_found_where_scores_are_right(seed: int) -> None:
    found = search(Made(seed).judged())
    assert found.spots == ()
    assert found.rows == 20_000
    assert found.slices > 2_000
    assert found.facets == ("city", "age", "hour of time")


def test_uncertain_outcomes_are_no_blind_spot() -> None:
    """The mean loss in Lima is far greater than elsewhere, and cannot be less."""
    made = Made(3)
    losses = -np.log(np.where(made.labels == 1, made.truth, 1 - made.truth))
    lima = made.city == "Lima"
    assert losses[lima].mean() > 1.4 * losses[~lima].mean()
    assert search(made.judged()).spots == ()


@pytest.mark.parametrize(
    "wrong", [lambda logit: logit + 1, lambda logit: 0.4 * logit - 0.3, lambda logit: logit + logit**3 / 10]
)
def test_scores_that_are_wrong_everywhere_are_no_blind_spot(wrong: Callable[[Values], Values]) -> None:
    made = Made(4)
    assert search(made.judged(sigmoid(wrong(logits(made.truth))))).spots == ()


def _too_high(made: Made, inside: np.ndarray) -> Values:
    return np.where(inside, sigmoid(logits(made.truth) + 1.2), made.truth)


def _dealt_anew(made: Made, inside: np.ndarray) -> Values:
    scores = made.truth.copy()
    scores[inside] = made.draw.permutation(scores[inside])
    return scores


SLICES = {
    "city=東京": lambda made: made.city == "東京",
    "age from 31 to below 43": lambda made: (made.age >= 31) & (made.age < 43),
    "city=Rom, hour of time below 7": lambda made: (made.city == "Rom") & (made.hour < 7),
    "city=Rom, age below 49, hour of time from 7 to below 17": lambda made: (
        (made.city == "Rom") & (made.age < 49) & (made.hour >= 7) & (made.hour < 17)
    ),
}


@pytest.mark.parametrize("ruin", [_too_high, _dealt_anew])
@pytest.mark.parametrize("name", list(SLICES))
def test_a_planted_slice_is_found_once(name: str, ruin: Callable[[Made, np.ndarray], Values]) -> None:
    made = Made(11, 60_000)
    inside = SLICES[name](made)
    [spot] = search(made.judged(ruin(made, inside))).spots
    facets = made.facets()
    reported = np.ones(len(inside), bool)
    for condition in spot.conditions:
        [facet] = [
            one for one in facets if (one.column, one.derived) == (condition.column, condition.derived)
        ]
        reported &= facet.fulfils(condition)
    assert (reported & inside).sum() / (reported | inside).sum() > 0.75, spot.name
    assert len(spot.conditions) == name.count(",") + 1, "no condition more than it takes"
    assert spot.p_value < 1e-6
    if ruin is _too_high:
        assert spot.problem.startswith("scores too high")
        assert spot.difference.upper < 0
        assert spot.observed - spot.expected == pytest.approx(spot.difference.value)
    else:
        assert "rank" in spot.problem
        assert spot.auc.upper < spot.auc_rest.lower


def test_the_numbers_of_a_planted_slice_are_those_of_its_rows() -> None:
    made = Made(12)
    inside = made.city == "Oslo"
    scores = _too_high(made, inside)
    [spot] = search(made.judged(scores)).spots
    assert spot.name == "city=Oslo"
    assert spot.rows == inside.sum()
    assert spot.share == pytest.approx(inside.mean())
    assert spot.observed == made.labels[inside].mean()
    assert spot.expected == pytest.approx(scores[inside].mean(), abs=0.02), (
        "the rest says that scores are right"
    )
    said = np.where(made.labels == 1, scores, 1 - scores)[inside]
    assert spot.model_loss == pytest.approx(-np.log(said).mean())
    right = np.where(made.labels == 1, made.truth, 1 - made.truth)
    saved = -np.log(said).mean() + np.log(right[inside]).mean()
    assert spot.excess.lower < saved < spot.excess.upper
    assert spot.excess.lower < spot.excess.value < spot.excess.upper
    assert spot.harm == pytest.approx(
        spot.excess.value * spot.rows / -np.log(np.where(inside, 1, right)).sum(), rel=0.4
    )


def test_several_blind_spots_come_in_the_order_of_their_harm() -> None:
    made = Made(13, 60_000)
    large, small = made.city == "東京", (made.city == "Rom") & (made.age < 31)
    scores = np.where(small, sigmoid(logits(made.truth) - 1.5), _too_high(made, large))
    first, second = search(made.judged(scores)).spots
    assert first.harm > second.harm
    problems = {spot.name.rstrip("0123456789"): spot.problem.split(",")[0] for spot in (first, second)}
    assert problems == {"city=東京": "scores too high", "city=Rom, age below ": "scores too low"}


def test_what_items_have_of_their_own_is_no_blind_spot_of_a_slice() -> None:
    """Each item has a quality that no score knows; a city with few items is off by theirs."""
    made = Made(14, 60_000)
    item = made.draw.integers(0, 40, 60_000)
    item = np.where(made.city == "Lima", item % 3, item)
    quality = made.draw.normal(0, 0.5, 40)
    quality[:3] = 0.5
    made.labels = (made.draw.random(60_000) < sigmoid(logits(made.truth) + quality[item])).astype(float)
    alone, known = search(made.judged()), search(made.judged(ids={"item": item}))
    assert alone.spots, "rows that count as independent prove too much"
    assert known.spots == ()


def test_a_shift_beyond_what_items_have_is_found_all_the_same() -> None:
    made = Made(15, 60_000)
    item = made.draw.integers(0, 400, 60_000)
    quality = made.draw.normal(0, 0.3, 400)
    logit = logits(made.truth) + quality[item]
    made.labels = (made.draw.random(60_000) < sigmoid(logit)).astype(float)
    [spot] = search(made.judged(_too_high(made, made.city == "Oslo"), ids={"item": item})).spots
    assert spot.name == "city=Oslo"


def test_small_and_harmless_slices_are_left_out() -> None:
    made = Made(16)
    inside = (made.city == "Lima") & (made.age < 31)
    scores = _dealt_anew(made, inside)
    scores = np.where(inside, sigmoid(logits(scores) + 2), scores)
    judged = made.judged(scores)
    assert len(search(judged).spots) == 1
    assert search(judged, Limits(least_rows=len(inside))).spots == ()
    assert search(judged, Limits(least_excess=0.5)).spots
    assert search(judged, Limits(least_excess=10)).spots == ()
    assert search(judged, Limits(most=0)).spots == ()


def test_only_more_errors_are_a_blind_spot_of_a_regression() -> None:
    made = Made(17)
    for share, expected in ((0.45, ["city=Oslo"]), (0.02, [])):
        rate = np.where(made.city == "Oslo", share, 0.2)
        made.labels = (made.draw.random(20_000) < rate).astype(float)
        found = search(made.judged(np.full(20_000, 0.2), only_more=True))
        assert [spot.name for spot in found.spots] == expected


@pytest.mark.parametrize("labels", [np.zeros(500), np.ones(500), np.zeros(0)])
def test_rows_of_one_outcome_have_no_blind_spots(labels: Values) -> None:
    made = Made(18, len(labels))
    made.labels = labels
    assert search(made.judged()).spots == ()


def test_without_facets_there_is_nothing_to_search() -> None:
    made = Made(19, 500)
    assert search(Judged(made.labels, made.truth, [])).slices == 0


@pytest.mark.parametrize(("times", "deepest"), [(1, 3), (20, 2), (50, 1)])
def test_a_wide_table_is_cut_by_fewer_facets_at_once(times: int, deepest: int) -> None:
    made = Made(20, 500)
    found = search(Judged(made.labels, made.truth, [*made.judged().facets] * times), Limits(most=0))
    assert found.deepest == deepest
    assert found.slices > 0
