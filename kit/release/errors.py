"""Errors of the versions of a model."""

from __future__ import annotations

from kit.errors import UsageError


class VersionError(UsageError):
    """There is no such version, or none to go back to."""
