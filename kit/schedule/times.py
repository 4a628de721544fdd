"""When a cron expression is due in a time zone, daylight-saving changes included."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from croniter import CroniterBadDateError, CroniterError, croniter

DAYS_OF_CHANGES = (
    5 * 365
)  # for which schedulers are told ahead of them: later, the rules for clocks may change
_FIELDS = 5
_HOUR = 1
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_NUMBERS = {
    name: number for names, first in ((_MONTHS, 1), (DAYS, 0)) for number, name in enumerate(names, first)
}
_ONE = rf"(\d+|{'|'.join(_NUMBERS)})"
_RANGE = re.compile(rf"(?:\*|{_ONE}(?:-{_ONE})?)(?:/\d+)?", re.IGNORECASE)
_SUNDAY_OF_SOME = 7
_MINUTE = dt.timedelta(minutes=1)
_MOST_YEARS = 8  # the longest time from one 29th of February to the next


def check_expression(expression: str) -> str:
    """Return a cron expression with single blanks.

    Raises:
        ValueError: when it is not one of five fields that all schedulers take (croniter takes more), or is never due.
    """
    words = expression.split()
    if len(words) != _FIELDS:
        raise ValueError(
            f"a cron expression has five fields (minute, hour, day of the month, month, day of the week), such as "
            f"`30 2 * * *`, but found {expression!r}"
        )
    *_, week = [list(_ranges(word)) for word in words]
    if any(_SUNDAY_OF_SOME in ends for ends in week):
        raise ValueError(f"Sunday is 0, since Kubernetes has no day 7 of the week, but found {words[-1]!r}")
    try:
        croniter(expression, max_years_between_matches=_MOST_YEARS).get_next()
    except CroniterBadDateError:
        raise ValueError(f"{expression!r} is never due; correct the day of the month or the month") from None
    except CroniterError as error:
        raise ValueError(f"{expression!r} is not a cron expression: {error}") from None
    return " ".join(words)


def _ranges(word: str) -> Iterator[list[int]]:
    """Yield the bounds of each part of a field; none for `*`."""
    for part in word.split(","):
        if (found := _RANGE.fullmatch(part)) is None:
            raise ValueError(
                f"a field of a cron expression has numbers, names such as jan and mon, and * , - /, but found {word!r}"
            )
        said = [one.lower() for one in found.groups() if one]
        ends = [int(one) if one.isdigit() else _NUMBERS[one] for one in said]
        if ends != sorted(ends):
            raise ValueError(f"a range in a cron expression rises, but found {part!r}; write it as two")
        yield ends


def due_times(expression: str, zone: ZoneInfo, after: dt.datetime) -> Iterator[dt.datetime]:
    """Yield the times in a zone that come after a moment, without end.

    A time that the clock skips in spring is due right after the jump; one that occurs twice in autumn is due only the
    first time, unless the hour begins with `*`: like cron.
    """
    every_hour = expression.split()[_HOUR].startswith("*")
    last = after.astimezone(zone)
    times = croniter(expression, last)
    while True:
        due = times.get_next(dt.datetime)
        # croniter takes every jump for one of an hour, and loses times where it is of half an hour, as on Lord Howe.
        jump = None if every_hour else _after_skipped(expression, last, due)
        if jump is not None and after < jump < due:
            yield jump
        last = due
        if due > after and (every_hour or not _is_second(due)):
            yield due


def _is_second(due: dt.datetime) -> bool:
    """Return whether the clock shows this time for the second time."""
    return due.utcoffset() != due.replace(fold=0).utcoffset()


def _after_skipped(expression: str, last: dt.datetime, due: dt.datetime) -> dt.datetime | None:
    """Return the moment right after a jump between two times of a zone that skipped a time; None: it skipped none."""
    size = (due.utcoffset() or dt.timedelta()) - (last.utcoffset() or dt.timedelta())
    if size <= dt.timedelta():
        return None
    before, there = last.astimezone(dt.UTC), due.astimezone(dt.UTC)
    while there - before > _MINUTE:
        middle = before + (there - before) / 2
        if middle.astimezone(due.tzinfo).utcoffset() == due.utcoffset():
            there = middle
        else:
            before = middle
    jump = there.replace(second=0, microsecond=0).astimezone(due.tzinfo)
    shown = jump.replace(tzinfo=None)
    skipped = (shown - minutes * _MINUTE for minutes in range(1, size // _MINUTE + 1))
    return jump if any(croniter.match(expression, one) for one in skipped) else None


def due_between(
    expression: str, zone: ZoneInfo, after: dt.datetime, until: dt.datetime
) -> Iterator[dt.datetime]:
    """Yield the times after one moment, up to and including another."""
    for due in due_times(expression, zone, after):
        if due > until:
            return
        yield due


def due_at_changes(
    expression: str, zone: ZoneInfo, after: dt.datetime, until: dt.datetime
) -> Iterator[dt.datetime]:
    """Yield those times between two moments that are due although the clock skips them or repeats them.

    The clock jumps over the time of the expression, or shows it for the second time.
    """
    some_hours, start = dt.timedelta(hours=3), after
    while start < until:
        end = min(start + some_hours, until)
        if start.astimezone(zone).utcoffset() != end.astimezone(zone).utcoffset():
            # Repeated times come within hours after the change.
            for due in due_between(expression, zone, start, min(end + some_hours, until)):
                if _is_second(due) or not croniter.match(expression, due.replace(tzinfo=None)):
                    yield due
        start = end
