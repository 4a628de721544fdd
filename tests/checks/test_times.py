"""Rows of another day are found where spans follow the time, and nothing is said where they do not."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from checks.shown import findings, rows
from kit.checks.check import Finding
from kit.checks.rows import Rows
from kit.checks.times import Times, freshness, in_seconds
from kit.project.file import Column

DAY = 86_400
TIME = Column(kind="timestamp")


def day(span: int, late: int = 0, unit: int = 1) -> Rows:
    """Return a thousand rows of a day, some of which are of the day before."""
    times = np.random.default_rng(span).random(1_000) * DAY + span * DAY
    times[:late] -= DAY
    return rows(span, at=(times * unit).astype(int).tolist())


def judged(train: list[Rows], held_out: list[Rows]) -> list[Finding]:
    return findings(Times("at", TIME, str, "block"), train, held_out)


@pytest.mark.parametrize("unit", [1, 1_000])
@pytest.mark.parametrize("late", [20, 1_000], ids=["some rows", "the whole day"])
def test_rows_of_the_day_before(late: int, unit: int) -> None:
    train = [day(span, unit=unit) for span in range(20_000, 20_003)]
    [finding] = judged(train, [day(20_003, late, unit)])
    assert (finding.state, finding.subject) == ("fail", "at, span 20003")
    assert finding.value == pytest.approx(late / 1_000, abs=0.01)
    assert "2024-10-06" in finding.found
    assert 0 < len(finding.rows) <= 5


def test_rows_of_a_day_that_train_does_not_have() -> None:
    [finding] = judged([day(1), day(2)], [day(6, late=50)])
    assert finding.value == pytest.approx(0.05, abs=0.02)


def test_each_of_several_days_is_judged() -> None:
    [finding] = judged([day(1), day(2)], [day(3), day(4, late=50), day(5)])
    assert finding.subject == "at, span 4"


@pytest.mark.parametrize("spans", [(3,), (3, 4, 5)])
def test_days_with_rows_of_their_own_pass(spans: tuple[int, ...]) -> None:
    [finding] = judged([day(1), day(2)], [day(span) for span in spans])
    assert finding == Finding("times", "at: each span has its own", "ok")


def test_spans_that_do_not_follow_the_time() -> None:
    [finding] = judged([day(1), rows(2, at=day(1).values("at"))], [day(1)])
    assert finding.found == "not checked: no spans of train that follow at"


def test_the_newest_row() -> None:
    check = Times("at", TIME, str, "warn")
    findings(check, [day(20_000)], [day(20_001, unit=1_000), day(20_002, unit=1_000)])
    newest = check.newest()
    assert newest == pytest.approx(20_003 * DAY, abs=300)
    for as_of, state in (("2024-10-07", "ok"), ("2024-10-09", "warn")):
        assert freshness(newest, dt.date.fromisoformat(as_of), 2, "warn").state == state
    late = freshness(newest, dt.date(2024, 10, 10), 2, "block")
    assert (late.state, late.expected) == ("fail", "at most 2 days")
    assert late.value == pytest.approx(4, abs=0.01)


def test_no_time_is_said() -> None:
    assert freshness(None, dt.date(2026, 1, 1), 2, "warn").found.startswith("not checked: ")


@pytest.mark.parametrize("unit", [1, 10**3, 10**6, 10**9])
def test_any_part_of_a_second(unit: int) -> None:
    assert in_seconds(1_767_225_600.0 * unit) == 1_767_225_600
