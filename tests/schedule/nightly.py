"""A schedule of every night, to be changed by tests."""

from __future__ import annotations

import datetime as dt
from typing import Any

from kit.schedule import schedule as schedules
from kit.schedule.schedule import Schedule

CREATED = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)


def make(**said: Any) -> Schedule:
    return schedules.make(**{"name": "nightly", "cron": "30 2 * * *", "created": CREATED, **said})
