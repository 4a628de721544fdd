"""Spans, the partitions in which data are delivered: how a range is written, and which of its spans exist.

A span has a number. Where the files are named by dates it is TFX's own, the days since 1970-01-01
(https://www.tensorflow.org/tfx/guide/examplegen#span), and people are shown the date.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, TypeAlias

from pydantic import BeforeValidator, Field

from kit.project_section import Section

FORMS = "3, 1-6, 2026-01-01, 2026-01-01..2026-01-06 or last 6"
_EPOCH = dt.date(1970, 1, 1)
LAST_DAY = (dt.date.max - _EPOCH).days
_DATE = r"\d{4}-\d{2}-\d{2}"


class SpanRange(Section):
    """Consecutive spans, first and last included; written as `3`, `1-6`, or with dates and two dots between them."""

    first: int = Field(ge=0)
    last: int = Field(ge=0)
    dated: bool = False

    @classmethod
    def parse(cls, text: object) -> SpanRange:
        """Read one span or a range.

        Raises:
            ValueError: when the text is neither, or the range runs backwards.
        """
        written = str(text).strip()
        if match := re.fullmatch(rf"({_DATE})\s*(?:\.\.\s*({_DATE}))?", written, re.ASCII):
            first, last, dated = _day(match[1]), _day(match[2] or match[1]), True
        elif match := re.fullmatch(r"(\d{1,18})\s*(?:-\s*(\d{1,18}))?", written, re.ASCII):
            first, last, dated = int(match[1]), int(match[2] or match[1]), False
        else:
            raise ValueError(f"spans are written as {FORMS}, not as {text!r}")
        if last < first:
            backwards, forwards = (_text(*ends, dated=dated) for ends in ((first, last), (last, first)))
            raise ValueError(f"the range {backwards} runs backwards; write {forwards}")
        return cls(first=first, last=last, dated=dated)

    def numbers(self) -> range:
        return range(self.first, self.last + 1)

    def shared_with(self, other: SpanRange) -> range:
        """Return the spans that are in both ranges."""
        return range(max(self.first, other.first), min(self.last, other.last) + 1)

    def __str__(self) -> str:
        return _text(self.first, self.last, dated=self.dated)


class SpanWindow(Section):
    """The newest of the spans that were delivered, so that a schedule need not name them; written as `last 6`.

    The window to evaluate on ends with the newest span; the one to train on ends before the first span to evaluate on.
    """

    count: int = Field(ge=1)

    def __str__(self) -> str:
        return f"last {self.count}"


AnySpans: TypeAlias = SpanRange | SpanWindow


def parse_spans(text: object) -> AnySpans:
    """Read a range or a window.

    Raises:
        ValueError: when the text is neither; the message names the forms.
    """
    if match := re.fullmatch(r"\s*last\s+0*([1-9]\d{0,17})\s*", str(text), re.ASCII):
        return SpanWindow(count=int(match[1]))
    return SpanRange.parse(text)


Spans = Annotated[
    AnySpans, BeforeValidator(lambda v: v if isinstance(v, SpanRange | SpanWindow) else parse_spans(v))
]


@dataclass(frozen=True)
class Chosen:
    """The spans of a range or a window that were delivered, and those that were not.

    Attributes:
        asked: as it was written.
        spans: those of it that are there, oldest first.
        gaps: the missing ones, of a range or between the oldest and the newest of a window.
        lacking: how many spans a window is short of.
    """

    asked: AnySpans
    spans: tuple[int, ...]
    gaps: tuple[SpanRange, ...] = ()
    lacking: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether all requested spans are there; a day without data inside a window does not count as missing."""
        return not self.lacking and (isinstance(self.asked, SpanWindow) or not self.gaps)

    @property
    def lack(self) -> str:
        """What is missing, such as `3 was not delivered`; empty if nothing is."""
        gaps = ", ".join(map(str, self.gaps))
        inside = f"{gaps} {'was' if _is_one(self.gaps) else 'were'} not delivered" if gaps else ""
        if isinstance(self.asked, SpanWindow) and self.lacking:
            few = f"only {len(self.spans)} of {self.asked.count} spans are there"
            return f"{few}, and {inside} between them" if inside else few
        return inside


def choose(
    train: AnySpans, held_out: AnySpans, delivered: Sequence[int], *, dated: bool
) -> tuple[Chosen, Chosen]:
    """Find the spans to train on and those to evaluate on.

    Args:
        train: the range or window to train on.
        held_out: the range or window to evaluate on.
        delivered: the spans that are there, oldest first.
        dated: whether the gaps are to be written as dates.
    """
    evaluated = _take(held_out, delivered, dated=dated)
    if isinstance(held_out, SpanRange):
        before = [span for span in delivered if span < held_out.first]
    else:
        before = [span for span in delivered if not evaluated.spans or span < evaluated.spans[0]]
    return _take(train, before if isinstance(train, SpanWindow) else delivered, dated=dated), evaluated


def day_of(span: int) -> str:
    """Return the date of a span whose files are named by dates, as 2026-01-31."""
    return (_EPOCH + dt.timedelta(days=span)).isoformat()


def span_of(day: dt.date) -> int:
    """Return TFX's number of a date: the days since 1970-01-01."""
    return (day - _EPOCH).days


def in_words(spans: Sequence[int], *, dated: bool) -> str:
    """Return ordered spans as short as possible: `1-3, 5`."""
    ends = [index for index, (one, after) in enumerate(pairwise(spans), 1) if after != one + 1]
    runs = (spans[first:last] for first, last in pairwise((0, *ends, len(spans))))
    return ", ".join(_text(run[0], run[-1], dated=dated) for run in runs if run)


def _is_one(gaps: Sequence[SpanRange]) -> bool:
    return len(gaps) == 1 and gaps[0].first == gaps[0].last


def _take(asked: AnySpans, delivered: Sequence[int], *, dated: bool) -> Chosen:
    if isinstance(asked, SpanWindow):
        spans = tuple(delivered[-asked.count :])
        inside = _gaps(spans, spans[0], spans[-1], dated=dated) if spans else ()
        return Chosen(asked, spans, inside, asked.count - len(spans))
    spans = tuple(span for span in delivered if asked.first <= span <= asked.last)
    return Chosen(asked, spans, _gaps(spans, asked.first, asked.last, dated=dated))


def _gaps(spans: Sequence[int], first: int, last: int, *, dated: bool) -> tuple[SpanRange, ...]:
    """Return what is missing from first to last, by its ends, as a range may be too long to count."""
    borders = pairwise((first - 1, *spans, last + 1))
    return tuple(
        SpanRange(first=before + 1, last=after - 1, dated=dated)
        for before, after in borders
        if after - before > 1
    )


def _text(first: int, last: int, *, dated: bool) -> str:
    one, other = (day_of(first), day_of(last)) if dated else (str(first), str(last))
    return one if first == last else f"{one}{'..' if dated else '-'}{other}"


def _day(text: str) -> int:
    try:
        span = span_of(dt.date.fromisoformat(text))
    except ValueError:
        raise ValueError(f"spans are dates of the calendar, but {text} is not one") from None
    if span < 0:
        raise ValueError(f"the earliest span is 1970-01-01, and {text} is before it")
    return span
