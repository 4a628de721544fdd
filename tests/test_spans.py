"""How ranges and windows of spans are written, and what they come to among what was delivered."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.spans import FORMS, SpanRange, SpanWindow, choose, day_of, in_words, parse_spans, span_of

FAST = settings(max_examples=50)
NUMBERS = st.integers(0, 10**6)
DAYS = st.dates(dt.date(1970, 1, 1), dt.date(9999, 12, 31))
FEW = st.lists(st.integers(0, 40), unique=True).map(sorted)
RANGES = st.lists(st.integers(0, 40), min_size=2, max_size=2).map(
    lambda ends: SpanRange(first=min(ends), last=max(ends))
)
WINDOWS = st.builds(SpanWindow, count=st.integers(1, 12))


@FAST
@given(NUMBERS, NUMBERS)
def test_numbers_are_read_as_they_are_written(one: int, other: int) -> None:
    first, last = sorted((one, other))
    spans = SpanRange.parse(f" {first} - {last} ")
    assert (spans.first, spans.last) == (first, last)
    assert parse_spans(str(spans)) == SpanRange.parse(str(spans)) == spans
    assert list(SpanRange.parse(first).numbers()) == [first]


@FAST
@given(DAYS, DAYS)
def test_dates_are_read_as_they_are_written(one: dt.date, other: dt.date) -> None:
    first, last = sorted((one, other))
    spans = SpanRange.parse(f" {first} .. {last} ")
    assert (day_of(spans.first), day_of(spans.last)) == (str(first), str(last))
    assert parse_spans(str(spans)) == spans
    assert parse_spans(first) == SpanRange(
        first=span_of(first), last=span_of(first), dated=True
    )  # as YAML reads it


def test_a_date_has_the_number_that_tfx_gives_it() -> None:
    from tfx.components.example_gen import utils  # noqa: PLC0415  slow; the rest needs none of it

    for day in (dt.date(1970, 1, 1), dt.date(2024, 2, 29), dt.date(2026, 1, 31)):
        assert span_of(day) == utils.date_to_span_number(day.year, day.month, day.day)


@FAST
@given(st.integers(1, 10**6))
def test_windows_are_read_as_they_are_written(count: int) -> None:
    assert parse_spans(f"  last   {count} ") == SpanWindow(count=count)
    assert parse_spans(str(SpanWindow(count=count))) == SpanWindow(count=count)


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "1-", "-1", "1-2-3", "1.5", "1,2", None, "1..6", "٣", "9" * 5000,
        "last", "last 0", "last -1", "last ٣", "first 3",
    ],
)  # fmt: skip
def test_what_is_no_span_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match=f"spans are written as {FORMS}, not as"):
        parse_spans(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("6-1", "the range 6-1 runs backwards; write 1-6"),
        (
            "2026-01-02..2026-01-01",
            r"2026-01-02\.\.2026-01-01 runs backwards; write 2026-01-01\.\.2026-01-02",
        ),
        ("2026-02-30", "dates of the calendar, but 2026-02-30 is not one"),
        ("1969-12-31", "the earliest span is 1970-01-01, and 1969-12-31 is before it"),
    ],
)
def test_spans_that_cannot_be_are_explained(text: str, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        parse_spans(text)


@FAST
@given(st.text(max_size=12) | st.from_regex(r"(last )?[0-9-]{1,10}(\.\.[0-9-]{1,10})?", fullmatch=True))
def test_any_text_is_spans_or_an_explained_error(text: str) -> None:
    try:
        spans = parse_spans(text)
    except ValueError as error:
        assert any(part in str(error) for part in ("written as", "backwards", "calendar", "before it"))  # noqa: PT017
    else:
        assert parse_spans(str(spans)) == spans


@FAST
@given(RANGES, RANGES)
def test_two_ranges_share_what_is_in_both(left: SpanRange, right: SpanRange) -> None:
    assert list(left.shared_with(right)) == sorted(set(left.numbers()) & set(right.numbers()))


@FAST
@given(RANGES, RANGES, FEW)
def test_a_range_is_what_was_delivered_of_it_and_gaps(
    train: SpanRange, held_out: SpanRange, there: list[int]
) -> None:
    for asked, chosen in zip((train, held_out), choose(train, held_out, there, dated=False), strict=True):
        missing = [span for gap in chosen.gaps for span in gap.numbers()]
        assert sorted([*chosen.spans, *missing]) == list(asked.numbers())
        assert set(chosen.spans) <= set(there)
        assert not set(missing) & set(there)
        assert chosen.is_whole == (not missing)
        assert bool(chosen.lack) == bool(missing)


@FAST
@given(WINDOWS, WINDOWS | RANGES, FEW)
def test_a_window_is_the_newest_before_what_is_held_out(
    train: SpanWindow, held_out: SpanWindow | SpanRange, there: list[int]
) -> None:
    trained, evaluated = choose(train, held_out, there, dated=False)
    if isinstance(held_out, SpanWindow):
        assert list(evaluated.spans) == there[-held_out.count :]
    first = held_out.first if isinstance(held_out, SpanRange) else min(evaluated.spans, default=99)
    before = [span for span in there if span < first]
    assert list(trained.spans) == before[-train.count :]
    assert trained.lacking == train.count - len(trained.spans)
    inside = [span for gap in trained.gaps for span in gap.numbers()]
    assert not set(inside) & set(there)
    if trained.spans:
        assert sorted([*inside, *trained.spans]) == list(range(trained.spans[0], trained.spans[-1] + 1))


def test_a_range_past_counting_is_quickly_told() -> None:
    _, chosen = choose(parse_spans("1"), parse_spans(f"2-{10**17}"), [1, 3], dated=False)
    assert chosen.lack == f"2, 4-{10**17} were not delivered"


@FAST
@given(FEW)
def test_spans_in_words_are_read_back(spans: list[int]) -> None:
    words = in_words(spans, dated=False)
    read = [span for part in words.split(", ") if part for span in SpanRange.parse(part).numbers()]
    assert read == spans
    assert words.count(",") <= max(len(spans) - 1, 0)


def test_spans_are_said_as_short_as_can_be() -> None:
    assert in_words([1, 2, 3, 5], dated=False) == "1-3, 5"
    assert in_words([0, 1, 3], dated=True) == "1970-01-01..1970-01-02, 1970-01-04"
    window = choose(parse_spans("last 5"), parse_spans("9"), [1, 3, 4], dated=False)[0]
    assert window.lack == "only 3 of 5 spans are there, and 2 was not delivered between them"
