"""A slice whose label is gone is found on the day on which it is gone, and noise is not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from checks.shown import findings, rows
from kit.checks.label_rates import LabelRates
from kit.checks.rows import Rows


def clicks(draw: np.random.Generator, count: int, rates: Sequence[float], span: int | None = None) -> Rows:
    category = draw.integers(len(rates), size=count)
    clicked = draw.random(count) < np.array(rates)[category]
    return rows(span, category=[f"c{one}" for one in category], clicked=clicked.astype(int).tolist())


def label_rates(change: float = 0.25) -> LabelRates:
    return LabelRates("clicked", ["category"], change, "block")


def test_a_category_whose_clicks_are_gone() -> None:
    draw = np.random.default_rng(1)
    train, held_out = clicks(draw, 8_000, [0.2, 0.1, 0.3]), clicks(draw, 2_000, [0.2, 0.0, 0.3])
    [finding] = findings(label_rates(), train, held_out)
    assert (finding.state, finding.subject, finding.value) == ("fail", "category=c1", 0)
    assert finding.found.startswith("category c1: clicked is 1 in 0.0% of ")


def test_a_day_without_clicks_among_others() -> None:
    """Of five days together the clicks fell by a fifth, which is daily life."""
    draw = np.random.default_rng(1)
    train = [clicks(draw, 4_000, [0.2, 0.1], span) for span in (1, 2)]
    days = [clicks(draw, 2_000, [0.2, 0.0 if span == 4 else 0.1], span) for span in range(3, 8)]
    [finding] = findings(label_rates(), train, days)
    assert finding.subject == "category=c1, span 4"
    assert "rows of span 4, and was in" in finding.found


def test_a_category_whose_clicks_doubled() -> None:
    draw = np.random.default_rng(1)
    rates = clicks(draw, 20_000, [0.2, 0.2]), clicks(draw, 20_000, [0.2, 0.4])
    assert [finding.subject for finding in findings(label_rates(), *rates)] == ["category=c1"]


def test_noise_does_not_alert() -> None:
    """200 days on which nothing changed, of slices so small that their shares swing widely."""
    rates = [0.05, 0.1, 0.2, 0.5]
    alerts = 0
    for seed in range(200):
        draw = np.random.default_rng(seed)
        [*found] = findings(label_rates(change=0), clicks(draw, 2_000, rates), clicks(draw, 300, rates))
        alerts += sum(finding.state != "ok" for finding in found)
    assert alerts <= 2


def test_a_change_of_daily_life_does_not_alert_however_many_rows_prove_it() -> None:
    draw = np.random.default_rng(1)
    rates = clicks(draw, 200_000, [0.2]), clicks(draw, 200_000, [0.22])
    assert [finding.state for finding in findings(label_rates(0.25), *rates)] == ["ok"]
    assert [finding.state for finding in findings(label_rates(0.0), *rates)] == ["fail"]


def test_classes_in_words_and_missing_values() -> None:
    train = rows(category=["a", None] * 500, clicked=["yes", "no"] * 300 + ["no", "no"] * 200)
    held_out = rows(category=["a", None] * 500, clicked=["no", "no"] * 500)
    [finding] = findings(label_rates(), train, held_out)
    assert "clicked is yes in 0.0% of 500 rows of eval, and was in 60.0% of 500 of train" in finding.found
    assert finding.shares == (("a", 0.6, 0.0),)


def test_an_amount_has_no_rates() -> None:
    amounts = rows(category=["a"] * 50, clicked=[float(number) for number in range(50)])
    [finding] = findings(label_rates(), amounts, amounts)
    assert (finding.state, finding.found) == ("skip", "not checked: clicked has no classes, it is an amount")


@pytest.mark.parametrize("category", [[None] * 10, ["a"] * 10])
def test_a_slice_that_is_missing_in_a_split_is_said_not_to_be_checked(category: list[str | None]) -> None:
    train, held_out = (
        rows(category=category, clicked=[0, 1] * 5),
        rows(category=[None] * 10, clicked=[0, 1] * 5),
    )
    [finding] = findings(label_rates(), train, held_out)
    assert finding.found == "not checked: no slice has rows in both splits"


def test_a_slice_counts_once_however_many_classes_the_label_has() -> None:
    same = rows(category=["a", "b", "c"] * 40, clicked=["yes", "no", "perhaps", "no"] * 30)
    assert [finding.found for finding in findings(label_rates(), same, same)] == [
        "as in train in all 3 slices"
    ]
