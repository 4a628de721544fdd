"""When cron expressions are due, where clocks change too."""

from __future__ import annotations

import datetime as dt
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from kit.schedule.times import check_expression, due_at_changes, due_between, due_times

BERLIN = ZoneInfo("Europe/Berlin")


def times(expression: str, after: dt.datetime, count: int, zone: ZoneInfo = BERLIN) -> list[str]:
    return [f"{one:%m-%d %H:%M %Z}" for one in islice(due_times(expression, zone, after), count)]


def test_a_time_that_the_clock_jumps_over_is_due_when_it_has_jumped() -> None:
    found = times("30 2 * * *", dt.datetime(2026, 3, 28, tzinfo=BERLIN), 3)
    assert found == ["03-28 02:30 CET", "03-29 03:00 CEST", "03-30 02:30 CEST"]


def test_times_that_the_clock_jumps_over_by_half_an_hour_are_due_then_too() -> None:
    lord_howe = ZoneInfo("Australia/Lord_Howe")
    before = dt.datetime(2026, 10, 4, 1, 30, tzinfo=lord_howe)
    assert times("*/20 0-23 * * *", before, 3, lord_howe) == [
        "10-04 01:40 +1030",
        "10-04 02:30 +11",
        "10-04 02:40 +11",
    ]
    assert times("0,20 2 * * *", before, 2, lord_howe) == ["10-04 02:30 +11", "10-05 02:00 +11"]
    assert times("*/20 0-23 * * *", dt.datetime(2026, 3, 29, 1, 30, tzinfo=BERLIN), 3) == [
        "03-29 01:40 CET",
        "03-29 03:00 CEST",
        "03-29 03:20 CEST",
    ]


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


def test_times_that_clocks_jump_over_or_show_a_second_time_are_found() -> None:
    year = dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.datetime(2027, 1, 1, tzinfo=dt.UTC)

    def found(expression: str, zone: ZoneInfo = BERLIN) -> list[str]:
        return [f"{one:%m-%d %H:%M %Z}" for one in due_at_changes(expression, zone, *year)]

    assert found("30 2 * * *") == ["03-29 03:00 CEST"]
    assert found("30 * * * *") == ["10-25 02:30 CET"]
    assert found("0 2,3 * * *") == [], "03:00 is one of its own times, too"
    assert found("30 4 * * *") == found("30 2 * * *", ZoneInfo("Asia/Tokyo")) == []


def test_the_end_is_within_and_the_beginning_is_not() -> None:
    noon = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)
    found = due_between("0 12 * * *", ZoneInfo("UTC"), noon, noon + dt.timedelta(days=2))
    assert list(found) == [noon + dt.timedelta(days=1), noon + dt.timedelta(days=2)]


def test_several_times_that_come_twice_are_due_once_each() -> None:
    before = dt.datetime(2026, 10, 25, 0, 45, tzinfo=BERLIN)
    assert times("*/30 2 * * *", before, 3) == ["10-25 02:00 CEST", "10-25 02:30 CEST", "10-26 02:00 CET"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("", "five fields"),
        ("* * *", "five fields"),
        ("0 2 * * * *", "five fields"),
        ("@daily", "five fields"),
        ("61 * * * *", "out of range"),
        ("0 0 L * *", "found 'L'"),
        ("R R * * *", "found 'R'"),
        ("0 0 * * 5#2", "found '5#2'"),
        ("0 0 * * 7", "Sunday is 0"),
        ("0 0 * * 1-7", "Sunday is 0"),
        ("0 22-2 * * *", "found '22-2'; write it as two"),
        ("0 0 * * Fri-mon", "found 'Fri-mon'"),
        ("0 3 30 2 *", "never due"),
    ],
)
def test_what_some_scheduler_does_not_take_is_refused(wrong: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_expression(wrong)


@pytest.mark.parametrize(
    "right", ["*/5 0,12 1-7 jan-mar Mon", "0 0 29 2 *", "0 0 * * 0-6", "7 7 7 7 *", "0 0 * * 1-5/2"]
)
def test_what_all_take_is_taken(right: str) -> None:
    assert check_expression(f" {right}  ") == right
