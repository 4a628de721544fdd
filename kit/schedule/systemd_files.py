"""Write a systemd timer and service, for a user or for the system.

The timer fires when the schedule is due, in its time zone, and once after the machine was off; the tick does the rest.
systemd leaves out a time that the clock skips in spring, and the second occurrence of a time in autumn: where one is
due it is listed explicitly, for the next years.
While a service runs systemd does not start a second one: at its end the running tick decides about what came due
meanwhile. Only `replace` cannot wait that long: there the timer restarts the service instead.
A service has a warm process of its own, which systemd kills at its end: kernels of others may not come from that one,
nor the service's from theirs, which end with their session.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from croniter import croniter

from kit.errors import ExitCode
from kit.schedule.chain import planned, secrets_to_add
from kit.schedule.command import check_plain, tick_words
from kit.schedule.schedule import Schedule
from kit.schedule.times import DAYS, DAYS_OF_CHANGES, due_at_changes

_STOP_SECONDS = 120  # a step and its kernel end within it


def systemd_files(schedule: Schedule, workspace: Path) -> dict[str, str]:
    """Return the contents of unit files by their names."""
    words = tick_words(workspace, schedule.name)
    check_plain(words)
    unit, own = f"kit-{schedule.name}", f"kit-schedule-{schedule.name}"
    replaces = schedule.overlap == "replace"
    rung = f"{unit}-replace" if replaces else unit
    secrets = secrets_to_add(schedule, planned(schedule, workspace), workspace, "To set with Environment=")
    calendar = "\n".join([*(f"OnCalendar={one}" for one in calendars(schedule)), *_at_changes(schedule)])
    made = {
        f"{unit}.timer": f"""\
[Unit]
Description=When the chain {schedule.name} is due: {schedule.cron} in {schedule.time_zone}

[Timer]
{calendar}
Persistent=true
AccuracySec=1s
Unit={rung}.service

[Install]
WantedBy=timers.target
""",
        f"{unit}.service": f"""\
[Unit]
Description=The chain {schedule.name} in {_text(str(workspace))}

[Service]
Type=oneshot
ExecStart={" ".join(_quoted(word) for word in words)}
# Not a failure: somebody stopped it, or a later run replaced it.
SuccessExitStatus={int(ExitCode.INTERRUPTED)}
# SIGTERM goes to the tick only, which ends its kernels; what is left of them is then killed.
KillMode=mixed
TimeoutStopSec={_STOP_SECONDS}
# The service's own warm process: it ends with the service, and so do all kernels forked from it.
RuntimeDirectory={own}
RuntimeDirectoryMode=0700
Environment=KIT_WARM_DIR=%t/{own}
{secrets}""",
    }
    if replaces:
        made[f"{rung}.service"] = f"""\
[Unit]
Description=Restart the chain {schedule.name}, even if it still runs

[Service]
Type=oneshot
ExecStart=systemctl --user restart --no-block {unit}.service
"""
    return made


def calendars(schedule: Schedule) -> list[str]:
    """Return a cron expression as systemd's calendar events.

    If both the day of the month and of the week are given, cron takes either but systemd requires both: hence two
    events.
    """
    (minutes, hours, days, months, weekdays), _ = croniter.expand(schedule.cron)
    clock = f"{_listed(hours)}:{_listed(minutes)}:00 {schedule.time_zone}"
    every_day = f"*-{_listed(months)}-*"
    some_days = f"*-{_listed(months)}-{_listed(days)}"
    named = ",".join(DAYS[int(day)].capitalize() for day in weekdays if day != "*")
    by_month, by_week = "*" not in days, bool(named)
    if by_month and by_week:
        return [f"{some_days} {clock}", f"{named} {every_day} {clock}"]
    if by_week:
        return [f"{named} {every_day} {clock}"]
    return [f"{some_days} {clock}"]


def changes(schedule: Schedule, after: dt.datetime, until: dt.datetime) -> list[str]:
    """Return the times between two moments that the calendar events leave out, an hour of them at a time."""
    moments = [one.astimezone(dt.UTC) for one in due_at_changes(schedule.cron, schedule.zone, after, until)]
    return [
        f"{hour}:{_listed([one.minute for one in several])}:00 UTC"
        for hour, several in groupby(moments, lambda one: f"{one:%Y-%m-%d %H}")
    ]


def _at_changes(schedule: Schedule) -> list[str]:
    after = dt.datetime.now(dt.UTC)
    until = after + dt.timedelta(days=DAYS_OF_CHANGES)
    if not (events := changes(schedule, after, until)):
        return []
    return [
        f"# Times that systemd skips when clocks change, until {until:%Y-%m-%d}: write the units again before then.",
        *(f"OnCalendar={one}" for one in events),
    ]


def _listed(values: Sequence[int | str]) -> str:
    return ",".join("*" if one == "*" else f"{int(one):02}" for one in values)


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{_text(escaped).replace("$", "$$")}"'


def _text(text: str) -> str:
    return text.replace("%", "%%")  # otherwise it would be one of systemd's specifiers
