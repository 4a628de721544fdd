"""When a cron expression is due in a time zone, daylight-saving changes included."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from croniter import croniter

_FIELDS = 5
_HOUR = 1


def check_expression(expression: str) -> str:
    """Return a cron expression with single blanks.

    Raises:
        ValueError: when it is not one of five fields.
    """
    words = expression.split()
    if len(words) != _FIELDS or not croniter.is_valid(expression):
        raise ValueError(
            f"a cron expression has five fields (minute, hour, day of the month, month, day of the week), such as "
            f"`30 2 * * *`, but found {expression!r}"
        )
    return " ".join(words)


def due_times(expression: str, zone: ZoneInfo, after: dt.datetime) -> Iterator[dt.datetime]:
    """Yield the times in a zone that come after a moment, without end.

    A time that the clock jumps over in spring is due when it has jumped; one that it passes twice in autumn is due the
    first time only, unless the hour is `*`: as cron does.
    """
    every_hour = expression.split()[_HOUR].startswith("*")
    times = croniter(expression, after.astimezone(zone))
    last = None
    while True:
        due = times.get_next(dt.datetime)
        wall = due.replace(tzinfo=None, fold=0)
        if due > after and (every_hour or wall != last):
            yield due
        last = wall


def due_between(
    expression: str, zone: ZoneInfo, after: dt.datetime, until: dt.datetime
) -> Iterator[dt.datetime]:
    """Yield the times after one moment, up to and with another."""
    for due in due_times(expression, zone, after):
        if due > until:
            return
        yield due
