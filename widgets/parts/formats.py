"""Numbers and texts as people read them."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from widgets.parts.language import say

MISSING = "\N{EN DASH}"

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


def shorten(text: str, most: int) -> str:
    """A text cut to a number of characters, with an ellipsis at the end if it was longer."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
