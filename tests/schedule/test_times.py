"""When cron expressions are due, where clocks change too."""

from __future__ import annotations

import datetime as dt
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from kit.schedule.times import check_expression, due_between, due_times

BERLIN = ZoneInfo("Europe/Berlin")


def times(expression: str, after: dt.datetime, count: int, zone: ZoneInfo = BERLIN) -> list[str]:
    return [f"{one:%m-%d %H:%M %Z}" for one in islice(due_times(expression, zone, after), count)]


def test_a_time_that_the_clock_jumps_over_is_due_when_it_has_jumped() -> None:
    found = times("30 2 * * *", dt.datetime(2026, 3, 28, tzinfo=BERLIN), 3)
    assert found == ["03-28 02:30 CET", "03-29 03:00 CEST", "03-30 02:30 CEST"]


def test_a_time_that_comes_twice_is_due_once_but_every_hour_is_every_hour() -> None:
    before = dt.datetime(2026, 10, 25, 0, 45, tzinfo=BERLIN)
    assert times("30 2 * * *", before, 2) == ["10-25 02:30 CEST", "10-26 02:30 CET"]
    # Asked between the two, too: a tick asks so.
    assert times("30 2 * * *", dt.datetime(2026, 10, 25, 2, 40, tzinfo=BERLIN), 1) == ["10-26 02:30 CET"]
    assert times("30 * * * *", before, 4) == [
        "10-25 01:30 CEST",
        "10-25 02:30 CEST",
        "10-25 02:30 CET",
        "10-25 03:30 CET",
    ]


def test_the_end_is_within_and_the_beginning_is_not() -> None:
    noon = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)
    found = due_between("0 12 * * *", ZoneInfo("UTC"), noon, noon + dt.timedelta(days=2))
    assert list(found) == [noon + dt.timedelta(days=1), noon + dt.timedelta(days=2)]


@pytest.mark.parametrize("wrong", ["", "* * *", "61 * * * *", "0 2 * * * *", "@daily"])
def test_what_is_no_cron_expression_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="five fields"):
        check_expression(wrong)
