"""Numbers and texts as people read them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from widgets.parts.language import say

MISSING = "\N{EN DASH}"
_Item = TypeVar("_Item")

_DAY_SECONDS = 86_400
_LATEST_SECONDS = 32_503_680_000  # the year 3000; a greater timestamp counts in a smaller unit
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def number(value: float | None) -> str:
    """Four significant digits, or all digits of a whole number that a float holds exactly."""
    if value is None or math.isnan(value):
        return MISSING
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    size = abs(value)
    if size != 0 and (size >= 1e15 or size < 1e-4):  # noqa: PLR2004  where zeros would have to be counted
        return f"{value:.3g}"
    if value == round(value) or size >= 1e4:  # noqa: PLR2004  four digits before the point are enough
        return f"{value:,.0f}"
    return f"{value:,.4g}"


def signed(value: float | None) -> str:
    """A difference, such as `+0.02`, as `number` writes it."""
    return f"{'+' if value is not None and value > 0 else ''}{number(value)}"


def share(value: float | None) -> str:
    """A part of 1 in percent; a part above 0 never reads as 0%, nor one below 1 as 100%."""
    if value is None or math.isnan(value):
        return MISSING
    percent = value * 100
    if 0 < percent < 0.1:  # noqa: PLR2004  the least that is shown
        return "< 0.1%"
    if 99.9 < percent < 100:  # noqa: PLR2004  the most that is shown
        return "> 99.9%"
    return f"{percent:.1f}".removesuffix(".0") + "%"


def moment(seconds: float | None) -> str:
    """Seconds since 1970 (UTC), or milli-, micro- or nanoseconds, as a day, or as a day and a time."""
    if seconds is None or not math.isfinite(seconds):
        return MISSING
    seconds /= ticks_per_second(seconds)
    try:
        time = _EPOCH + timedelta(seconds=round(seconds))
    except OverflowError:  # not a time, whatever the column is called
        return number(seconds)
    return f"{time:%Y-%m-%d}" if round(seconds) % _DAY_SECONDS == 0 else f"{time:%Y-%m-%d %H:%M}"


def ticks_per_second(time: float) -> int:
    """How many units of a timestamp make a second, judged by its size."""
    return next((ticks for ticks in (1, 10**3, 10**6, 10**9) if abs(time) / ticks < _LATEST_SECONDS), 1)


def count(amount: float, one: str, many: str | None = None) -> str:
    """An amount with its noun: `1 feature`, `2 features`."""
    noun = say(one)
    if noun == one and amount != 1:  # English, with its plural
        noun = many or f"{one}s"
    return f"{number(amount)} {noun}"


def found_of(found: int, total: int, one: str, many: str | None = None) -> str:
    """How many there are, such as `12 features`; `3 of 12 features` where only some of them were found."""
    amount = count(total, one, many)
    return amount if found == total else say("{part} of {total}", part=number(found), total=amount)


def first_lines(items: Sequence[_Item], most: int, line: Callable[[_Item], str]) -> list[str]:
    """A line for each of the first items, and one that says how many more there are."""
    more = len(items) - most
    last = [say("and {number} more", number=number(more))] if more > 0 else []
    return [*map(line, items[:most]), *last]


def first_names(names: Sequence[str], most: int) -> str:
    """The first names in a row, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (say(" and {number} more", number=number(more)) if more > 0 else "")


def shorten(text: str, most: int) -> str:
    """A text cut to a number of characters, with an ellipsis at the end if it was longer."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
