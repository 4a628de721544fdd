from __future__ import annotations

import math

import pytest

from widgets.parts.formats import (
    MISSING,
    count,
    first_lines,
    first_names,
    found_of,
    moment,
    number,
    share,
    shorten,
    signed,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, MISSING),
        (math.nan, MISSING),
        (math.inf, "∞"),
        (-math.inf, "-∞"),
        (0.0, "0"),
        (1999.5, "2,000"),
        (123_456_789, "123,456,789"),
        (12_345.678, "12,346"),
        (0.123456, "0.1235"),
        (0.00001234, "1.23e-05"),
        (1_767_225_660.0, "1,767,225,660"),
        (1.5e17, "1.5e+17"),
        (-3.25, "-3.25"),
    ],
)
def test_numbers_keep_the_digits_that_count(value: float | None, expected: str) -> None:
    assert number(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "0%"),
        (0.0001, "< 0.1%"),
        (0.0314, "3.1%"),
        (0.9999, "> 99.9%"),
        (1.0, "100%"),
        (None, MISSING),
    ],
)
def test_a_share_is_not_rounded_to_nothing_or_to_all(value: float | None, expected: str) -> None:
    assert share(value) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "1970-01-01"),
        (1_767_225_660, "2026-01-01 00:01"),
        (-86_400, "1969-12-31"),
        (1_767_225_660_000, "2026-01-01 00:01"),
        (1e18, "2001-09-09 01:46"),
        (1e30, "1e+30"),
        (math.nan, MISSING),
    ],
)
def test_moments_are_days_or_days_and_times(seconds: float, expected: str) -> None:
    assert moment(seconds) == expected


def test_counts_agree_with_their_noun() -> None:
    assert [count(1, "feature"), count(0, "feature"), count(2, "box", "boxes")] == [
        "1 feature",
        "0 features",
        "2 boxes",
    ]


def test_a_text_is_as_long_as_it_may_be_with_the_sign_that_there_was_more() -> None:
    assert [shorten(text, 4) for text in ("", "four", "fiver")] == ["", "four", "fiv…"]


def test_a_difference_has_its_sign() -> None:
    assert [signed(value) for value in (0.5, -0.5, 0.0, None, math.nan)] == [
        "+0.5",
        "-0.5",
        "0",
        MISSING,
        MISSING,
    ]


def test_what_was_found_names_the_whole_only_where_it_is_a_part() -> None:
    assert found_of(3, 3, "box", "boxes") == "3 boxes"
    assert found_of(1, 1200, "box", "boxes") == "1 of 1,200 boxes"


def test_a_long_list_ends_with_how_many_more_there_are() -> None:
    assert first_lines([1, 2], 2, str) == ["1", "2"]
    assert first_lines([1, 2, 3, 4], 2, str) == ["1", "2", "and 2 more"]
    assert first_names(["a", "b"], 2) == "a, b"
    assert first_names(["a", "b", "c"], 2) == "a, b and 1 more"
