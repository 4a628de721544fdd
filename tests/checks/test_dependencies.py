"""What follows from a key is learnt, and missed when a column is shuffled."""

from __future__ import annotations

import numpy as np
import pytest

from checks.shown import findings, rows
from kit.checks.check import Finding
from kit.checks.dependencies import Dependencies
from kit.checks.rows import Rows


def shop(seed: int, count: int, shuffled: float = 0.0) -> Rows:
    """Return impressions of items with a price each, users with a region each, and days that follow from nothing."""
    draw = np.random.default_rng(seed)
    item, user = draw.integers(40, size=count), draw.integers(300, size=count)
    price = item * 1.5 + 3
    chosen = np.flatnonzero(draw.random(count) < shuffled)
    price[chosen] = np.roll(price[chosen], 1)
    return rows(
        item=[f"i{one}" for one in item],
        user=user.tolist(),
        price=price.tolist(),
        region=[None if one % 9 == 0 else f"r{one % 5}" for one in user],
        days=draw.integers(900, size=count).tolist(),
    )


def check() -> Dependencies:
    return Dependencies(["item", "user"], ["item", "user", "price", "region", "days"], "block")


def test_a_column_of_which_a_few_values_were_shuffled() -> None:
    [finding] = findings(check(), [shop(1, 1_500), shop(2, 1_500)], shop(3, 2_000, shuffled=0.02))
    assert (finding.check, finding.state, finding.subject) == ("dependencies", "fail", "price")
    assert finding.found.startswith("price does not follow from item in ")
    assert finding.value == pytest.approx(0.02, abs=0.01)
    assert 0 < len(finding.rows) <= 5


def test_a_clean_day() -> None:
    [finding] = findings(check(), shop(1, 3_000), shop(2, 2_000))
    assert finding == Finding("dependencies", "as in train in all 2 pairs of columns", "ok")


def test_values_that_only_eval_has_are_learnt_there() -> None:
    train = rows(request=[n // 10 for n in range(1_000)], age=[n // 10 % 50 for n in range(1_000)])
    ages = [n // 10 % 50 for n in range(1_000)]
    clean, spoiled = ages.copy(), ages.copy()
    spoiled[5::50] = [99] * 20
    requests = [1_000 + n // 10 for n in range(1_000)]
    one = Dependencies(["request"], ["age"], "warn")
    assert [each.state for each in findings(one, train, rows(request=requests, age=clean))] == ["ok"]
    one = Dependencies(["request"], ["age"], "warn")
    [finding] = findings(one, train, rows(request=requests, age=spoiled))
    assert "in 20 of 900 rows of eval" in finding.found


def test_a_value_that_was_missing_at_first_is_no_exception() -> None:
    train = rows(item=["a", "a", "b"] * 300, price=[None, 1.0, 2.0] * 300)
    [finding] = findings(Dependencies(["item"], ["price"], "warn"), train, train)
    assert finding.state == "ok"


def test_keys_that_never_come_again_are_forgotten() -> None:
    unique = Dependencies(["key"], ["age"], "warn")
    unique.add("train", rows(key=list(range(60_000)), age=[1] * 60_000))
    assert unique.findings() == [Finding("dependencies", "no column follows from a key", "ok")]
    assert all(not len(table._keys) for table in unique._tables)
