"""The error of the workshop."""

from __future__ import annotations

from kit.errors import UsageError


class WorkshopError(UsageError):
    """An exercise, a solution or a class board cannot be used as requested."""
