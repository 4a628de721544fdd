"""The errors of the gateway."""

from __future__ import annotations

from kit.errors import StepFailedError, UsageError


class GatewayError(UsageError):
    """The gateway cannot be run as it is set up; nothing listens."""


class GatewayStartError(StepFailedError):
    """Envoy did not start, although its configuration is valid."""
