"""Drift is what exceeds the threshold beyond chance: at once, or a little every day."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.shops import people, shop, visits
from checks.shown import statistics_of
from kit.checks.drift import History, compare, drift, independent_rows
from kit.project import Project


def history(project: Project, judged: int) -> History:
    """Return the statistics of all spans before one, and its own."""
    spans = {span: statistics_of(project, span) for span in range(1, judged)}
    return History(statistics_of(project, *spans), spans, {judged: statistics_of(project, judged)})


def test_a_category_and_a_number_that_moved(tmp_path: Path) -> None:
    days = [people(1), people(2), people(3, older=30, köln=0.9)]
    project = shop(tmp_path / "shop", "checks: {drift: block}\n", *days, eval_spans="3")
    age, city = drift(project, history(project, 3))
    assert (age.subject, city.subject, age.state, city.state) == ("age", "city", "fail", "fail")
    assert city.found == "city: in span 3 0.385 from train and 0.386 from span 2 (l-infinity)"
    assert city.expected.startswith("at most 0.1, and 0.")


def test_thresholds_of_single_features(tmp_path: Path) -> None:
    days = [people(1), people(2, older=30, köln=0.9)]
    checks = "checks: {drift: {features: {city: 0.5, age: 1}}}\n"
    project = shop(tmp_path / "shop", checks, *days)
    [finding] = drift(project, history(project, 2))
    assert (finding.state, finding.found) == ("ok", "as before in all 3 features")


@pytest.mark.parametrize("count", [60, 1_000])
def test_chance_does_not_alert(tmp_path: Path, count: int) -> None:
    """With thresholds of nothing at all, on days of few rows and of many."""
    days = [people(seed, count) for seed in range(30)]
    checks = "checks: {drift: {default: 0, trend: 0}}\n"
    project = shop(tmp_path / "shop", checks, *days, eval_spans="30")
    found = [drift(project, history(project, judged)) for judged in range(2, 31, 4)]
    assert [finding.state for [finding] in found] == ["ok"] * len(found)


def test_a_number_that_moves_a_little_every_day(tmp_path: Path) -> None:
    days = [people(seed, older=1.2 * seed) for seed in range(7)]
    project = shop(tmp_path / "shop", "", *days, eval_spans="7")
    for before in range(2, 7):
        [finding] = drift(project, history(project, before)) if before < 4 else [None]
        assert finding is None or finding.state == "ok"  # each day is near the one before it
        near = compare(project, statistics_of(project, before), statistics_of(project, before + 1))
        assert not any(moved.too_far for moved in near)
    [finding] = drift(project, history(project, 7))
    assert finding.found.startswith("age: its mean moves a little with every span, by +7")
    assert (finding.subject, finding.state) == ("age", "warn")


def test_days_that_scatter_are_no_trend(tmp_path: Path) -> None:
    days = [people(seed, older=4 * (seed % 2)) for seed in range(7)]
    project = shop(tmp_path / "shop", "", *days, eval_spans="7")
    assert [finding.state for finding in drift(project, history(project, 7))] == ["ok"]


def test_rows_that_share_a_key_are_one(tmp_path: Path) -> None:
    several = [row.replace("v", f"v{number // 10}-", 1).split(",") for number, row in enumerate(visits())]
    rows = [",".join([cells[0].split("-")[0], *cells[1:]]) for cells in several]
    project = shop(tmp_path / "shop", "", rows, visits())
    assert (
        independent_rows(project, statistics_of(project, 1)),
        independent_rows(project, statistics_of(project, 2)),
    ) == (40, 400)
