"""Write a crontab line that ticks every minute; time zone and policies are the tick's business.

So the line is the same on systems whose cron has no time zones (Debian's), a machine that slept is caught up within a
minute, and no `flock` is needed: the tick holds locks of its own.
"""

from __future__ import annotations

from pathlib import Path

from kit.schedule.chain import planned, secrets_to_add
from kit.schedule.command import check_plain, in_shell, tick_words
from kit.schedule.schedule import Schedule, folder_of

LOG = "tick.log"


def cron_file(schedule: Schedule, workspace: Path) -> str:
    """Return lines for `crontab`; its user must be allowed to write to the workspace."""
    words = tick_words(workspace, schedule.name)
    log = folder_of(workspace, schedule.name) / LOG
    check_plain([*words, str(log)])
    # For cron % ends a command, even in quotes.
    command = f"{in_shell(words)} >> {in_shell([str(log)])} 2>&1".replace("%", r"\%")
    secrets = secrets_to_add(schedule, planned(schedule, workspace), workspace, "To set above the line")
    return (
        f"# {schedule.name}: {schedule.cron} in {schedule.time_zone}, checked by the tick every minute.\n"
        f"# Missed runs: {schedule.catch_up}. Overlapping runs: {schedule.overlap}. Log: {log}\n"
        f"{secrets}* * * * * {command}\n"
    )
