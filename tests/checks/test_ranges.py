"""Values beyond all that is known are found, and a record of a day is not one."""

from __future__ import annotations

import numpy as np
import pytest

from checks.shown import findings, rows
from kit.checks.chance import Totals
from kit.checks.check import Finding
from kit.checks.ranges import Ranges


def judged(train: list[float | None], held_out: list[float | None]) -> list[Finding]:
    totals = Totals(())
    return findings(Ranges(["price"], totals, "block"), rows(price=train), rows(price=held_out), totals)


@pytest.fixture
def prices() -> list[float | None]:
    return [float(price) for price in np.random.default_rng(1).gamma(2, 20, 6_000) + 3]


@pytest.mark.parametrize(
    ("factor", "farthest"), [(-1, "is -"), (100, "is 8101.69")], ids=["a wrong sign", "another unit"]
)
def test_one_row_in_a_hundred(prices: list[float | None], factor: int, farthest: str) -> None:
    spoiled = [
        price and price * (factor if row % 100 == 0 else 1) for row, price in enumerate(prices[5_000:])
    ]
    [finding] = judged(prices[:5_000], spoiled)
    assert (finding.state, finding.subject, finding.value) == ("fail", "price", 0.01)
    assert farthest in finding.found
    assert len(finding.rows) == 5


def test_records_are_daily_life() -> None:
    """200 days of a heavy tail, whose greatest value is often that of a new day."""
    alerts = 0
    for seed in range(200):
        values = np.random.default_rng(seed).pareto(1, 2_000)
        [finding] = judged(list(values[:1_500]), list(values[1_500:]))
        alerts += finding.state != "ok"
    assert alerts == 0


def test_missing_values_are_not_beyond(prices: list[float | None]) -> None:
    [finding] = judged(prices, [None] * 50 + [float("nan")] * 50)
    assert finding == Finding("ranges", "as in train in the only number", "ok")


def test_rows_of_one_request_are_one_case() -> None:
    totals = Totals(("request",))
    train = rows(price=[float(n % 50) for n in range(4_000)], request=[n // 10 for n in range(4_000)])
    far = rows(price=[999.0] * 10 + [1.0] * 990, request=[n // 10 for n in range(5_000, 6_000)])
    [finding] = findings(Ranges(["price"], totals, "warn"), train, far, totals)
    assert finding.state == "ok"
