"""The error of deployments."""

from __future__ import annotations

from kit.errors import UsageError


class DeployError(UsageError):
    """What is asked for cannot be deployed; no file was written."""
