"""The error of drills."""

from __future__ import annotations

from kit.errors import UsageError


class DrillError(UsageError):
    """A drill cannot be run on this project as requested."""
