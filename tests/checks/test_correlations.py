"""A relation that is gone is found, with as many rows as it takes to know, and chance is not."""

from __future__ import annotations

import numpy as np
import pytest

from checks.shown import findings, rows
from kit.checks.chance import Totals
from kit.checks.check import Finding
from kit.checks.correlations import Correlations
from kit.checks.rows import Rows


def trips(seed: int, count: int, shuffled: float = 0.0) -> Rows:
    """Return trips whose fare follows the miles closely, and the hour nothing."""
    draw = np.random.default_rng(seed)
    miles = draw.gamma(1, 3, count)
    fare = miles * 2 + 3 + draw.normal(0, 1, count)
    chosen = np.flatnonzero(draw.random(count) < shuffled)
    fare[chosen] = draw.permutation(fare[chosen])
    gaps = draw.random(count) < 0.1
    return rows(
        miles=[None if gap else one for gap, one in zip(gaps, miles, strict=True)],
        fare=fare.tolist(),
        hour=draw.integers(24, size=count).tolist(),
        constant=[1] * count,
    )


def judged(train: Rows, held_out: Rows, keys: tuple[str, ...] = ()) -> list[Finding]:
    totals = Totals(keys)
    check = Correlations(["miles", "fare", "hour", "constant"], 0.1, totals, "block")
    return findings(check, train, held_out, totals)


@pytest.mark.parametrize("shuffled", [0.1, 1.0])
def test_a_shuffled_column(shuffled: float) -> None:
    [finding] = judged(trips(1, 10_000), trips(2, 4_000, shuffled))
    assert (finding.state, finding.subject) == ("fail", "miles, fare")
    assert "and was 0.96 in train" in finding.found


def test_chance_does_not_alert() -> None:
    found = [judged(trips(2 * seed, 1_000), trips(2 * seed + 1, 60)) for seed in range(100)]
    assert [finding.state for [finding] in found] == ["ok"] * 100


def test_few_independent_rows_prove_nothing() -> None:
    def repeated(first: int, requests: int, slope: float) -> Rows:
        draw = np.random.default_rng(first)
        one = draw.normal(size=requests)
        other = slope * one + draw.normal(size=requests)
        columns = {"request": np.arange(first, first + requests), "miles": one, "fare": other}
        return rows(None, **{name: np.repeat(values, 50).tolist() for name, values in columns.items()})

    one, other = repeated(0, 300, 0), repeated(1_000, 40, 0.5)
    assert judged(one, other)[0].state == "fail"
    assert judged(one, other, keys=("request",))[0].state == "ok"


def test_nothing_to_compare_is_said() -> None:
    [finding] = judged(rows(constant=[1] * 100), rows(constant=[1] * 100))
    assert finding.found.startswith("not checked: ")
