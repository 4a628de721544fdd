"""The promise of the tests, simulated with fixed seeds: wrong with probability alpha at most, however often one looks.

A bound that were only right at one look, or for independent impressions, fails here; that it does is shown beside.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from kit.bench.experiments import Shop, Truth
from kit.canary.sequential import (
    Rate,
    coin_evidence,
    difference,
    failures_evidence,
    half_width,
    rate,
)
from kit.serving.experiments.config import ExperimentSettings

ALPHA = 0.2
FAR = 3.3  # standard deviations


def most(alpha: float, runs: int) -> float:
    """Return the share of runs that chance alone exceeds once in a thousand."""
    return alpha + FAR * math.sqrt(alpha * (1 - alpha) / runs)


def test_a_rate_has_the_variance_of_its_groups() -> None:
    random = np.random.default_rng(7)
    found = []
    for _ in range(2000):
        taste = random.beta(2, 8, 200)
        shown = 1 + random.poisson(20, 200)
        found.append(rate(random.binomial(shown, taste), shown))
    spread = np.std([one.value for one in found])
    assert math.sqrt(np.mean([one.variance for one in found])) == pytest.approx(spread, rel=0.06)
    assert math.sqrt(0.2 * 0.8 / found[0].total) < spread / 1.5, "what independent impressions would have"


def test_a_rate_of_nothing_is_not_known_for_sure() -> None:
    zeros = np.zeros(4)
    assert rate(zeros, zeros) == Rate(0.0, math.inf, 0, 0.0)
    assert rate(np.array([1, 0]), np.array([2, 0])) == Rate(0.5, math.inf, 1, 2.0)
    assert rate(zeros, np.full(4, 25.0)).variance == 4 / 100**2
    found = difference(rate(zeros, zeros), rate(zeros, np.full(4, 25.0)), 0.05, 0.1)
    assert (found.lower, found.upper) == (-math.inf, math.inf)


def test_the_sequence_is_wrong_with_probability_alpha_over_2000_looks_and_one_look_at_a_time_is_not() -> None:
    random, runs, scale = np.random.default_rng(11), 2000, 0.05
    sums, crossed, crossed_once = np.zeros(runs), np.zeros(runs, bool), np.zeros(runs, bool)
    for number in range(1, 2001):
        sums += random.standard_normal(runs)
        variance = 1 / number
        crossed |= np.abs(sums / number) > half_width(variance, ALPHA, scale)
        crossed_once |= np.abs(sums / number) > 1.2816 * math.sqrt(variance)  # of one look at the same alpha
    assert ALPHA / 10 < crossed.mean() <= most(ALPHA, runs)
    assert crossed_once.mean() > 4 * ALPHA


def test_users_who_come_back_do_not_break_it_and_impressions_as_units_would() -> None:
    settings, shops, looks = ExperimentSettings(share=0.5), 100, 30
    wrong = np.zeros(2)
    for seed in range(shops):
        shop = Shop(seed, Truth(), settings, users=2000)
        outside = np.zeros(2, bool)
        for hour in range(looks):
            shop.hour(hour)
            arms = [rate(shop.clicks.clicks[arm], shop.clicks.shown[arm]) for arm in (0, 1)]
            naive = [one._replace(variance=one.value * (1 - one.value) / max(one.total, 1)) for one in arms]
            for place, (control, candidate) in enumerate((arms, naive)):
                found = difference(control, candidate, ALPHA, 0.01)
                outside[place] |= not found.lower <= 0 <= found.upper
        wrong += outside
    assert wrong[0] / shops <= most(ALPHA, shops)
    assert wrong[1] / shops > most(ALPHA, shops)


@pytest.mark.parametrize("share", [0.05, 0.5])
def test_the_coin_is_wrong_with_probability_alpha_over_200_failures(share: float) -> None:
    random, runs, alpha = np.random.default_rng(13), 250, 0.1
    crossed = 0
    for tosses in random.random((runs, 200)) < share:
        heads = np.cumsum(tosses)
        crossed += any(coin_evidence(int(heads[n]), n + 1, share) >= 1 / alpha for n in range(200))
    assert alpha / 10 < crossed / runs <= most(alpha, runs)


def test_a_candidate_that_always_fails_is_seen_at_once() -> None:
    heads = next(n for n in range(1, 100) if coin_evidence(n, n, 0.1) >= 160)
    assert heads <= 4
    assert coin_evidence(0, 0, 0.1) == pytest.approx(1)
    assert coin_evidence(0, 100_000, 0.1) < 1e-9
    assert math.isfinite(coin_evidence(1024, 1024, 0.001))


def test_of_each_group_the_first_failure_counts() -> None:
    times = np.full((2, 5), np.inf)
    times[0, :3], times[1, 1:4] = (1, 2, 9), (1, 3, 4)
    heads, tosses, evidence = failures_evidence(times, 0.5)
    assert (heads, tosses) == (3, 4)
    assert evidence == coin_evidence(3, 4, 0.5)
