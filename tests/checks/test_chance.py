"""What chance explains is what the textbooks say, and rows of one request are one case."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from checks.shown import rows
from kit.checks import chance
from kit.checks.chance import Cases, by_chance, chi_square_quantile


@pytest.mark.parametrize(("before", "now", "of"), [(0, 6, (24, 4)), (5, 9, (10, 10)), (0, 1, (1, 1))])
def test_the_tail_of_a_binomial(before: int, now: int, of: tuple[int, int]) -> None:
    cases, share = before + now, of[1] / sum(of)
    exact = sum(
        comb(cases, some) * share**some * (1 - share) ** (cases - some) for some in range(now, cases + 1)
    )
    assert by_chance(before, of[0], now, of[1]) == pytest.approx(exact)


def test_many_cases_are_as_a_normal_deviate() -> None:
    few, many = by_chance(950, 1, 1_040, 1), by_chance(951, 1, 1_060, 1)  # summed up, and not
    assert 0 < many < few < 0.05


def test_no_case_is_no_surprise() -> None:
    assert by_chance(10, 10, 0, 10) == 1


# From a table: 1 - 0.0001 / 2 looks.
@pytest.mark.parametrize(("freedom", "quantile"), [(3, 21.1075), (9, 33.7199), (19, 50.7955)])
def test_quantiles_of_chi_square(freedom: int, quantile: float) -> None:
    assert chi_square_quantile(freedom, 1) == pytest.approx(quantile, rel=0.04)
    assert chi_square_quantile(freedom, 10) > chi_square_quantile(freedom, 1)


def test_rows_that_share_a_key_are_one_case() -> None:
    cases = Cases(("request", "user"))
    for _ in range(2):
        cases.add(rows(request=[1, 1, 2, 2], user=["a", "b", "c", "d"]))
    assert (cases.rows, cases.independent) == (8, 2)
    some = Cases(("request",))
    some.add(rows(request=[1, 1, 2, 2]), np.array([True, True, False, False]))
    assert (some.rows, some.independent) == (2, 1)


def test_without_keys_each_row_is_a_case() -> None:
    cases = Cases(())
    cases.add(rows(age=[1, 1, 1]))
    assert cases.independent == 3


def test_more_keys_than_are_kept_are_estimated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chance, "_KEPT", 1_000)
    cases = Cases(("key",))
    for start in range(0, 50_000, 10_000):
        cases.add(rows(key=[f"k{number // 2}" for number in range(start, start + 10_000)]))
    assert cases.independent == pytest.approx(25_000, rel=0.1)
