"""The error of schedules."""

from __future__ import annotations

from kit.errors import UsageError


class ScheduleError(UsageError):
    """A schedule cannot be read, or not be carried out as requested."""
