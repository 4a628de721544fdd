"""One far value moves TFDV's buckets, and not the quantiles."""

from __future__ import annotations

import numpy as np
import pytest

from checks.shown import statistics
from kit.checks.distances import by_name, distances
from kit.checks.quantiles import divergence, jensen_shannon


def both(before: list[float], now: list[float]) -> tuple[float, float]:
    """Return TFDV's distance, and that of the quantiles."""
    was, has = statistics(x=before), statistics(x=now)
    [found] = distances(was, has, ["x"])
    by_quantiles = divergence(by_name(was)["x"], by_name(has)["x"])
    assert by_quantiles is not None
    return found.value, by_quantiles


@pytest.fixture
def values() -> list[float]:
    return [float(value) for value in np.random.default_rng(1).gamma(2, 10, 8_000)]


def test_one_far_value(values: list[float]) -> None:
    by_buckets, by_quantiles = both(values[:4_000], [*values[4_000:], 5_000.0])
    assert by_buckets > 0.5
    assert by_quantiles < 0.01


def test_all_values_moved(values: list[float]) -> None:
    assert min(both(values, [100 * value for value in values])) > 0.7


@pytest.mark.parametrize("pair", [([0.0, 1.0], [0.0, 1.0]), ([5.0], [5.0])])
def test_frequent_values_diverge_by_their_shares(pair: tuple[list[float], list[float]]) -> None:
    assert both(pair[0] * 300, pair[1] * 200)[1] < 0.001
    assert both([0.0, 1.0] * 100, [0.0] * 150 + [1.0] * 50)[1] == pytest.approx(0.05, abs=0.02)


def test_the_divergence_is_one_where_nothing_is_shared() -> None:
    assert jensen_shannon(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == 1
    assert jensen_shannon(np.array([0.5, 0.5]), np.array([0.5, 0.5])) == 0


def test_texts_have_none() -> None:
    feature = by_name(statistics(x=["a"]))["x"]
    assert divergence(feature, feature) is None
