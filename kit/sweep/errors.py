"""The errors of sweeps, before and between their points."""

from __future__ import annotations

from kit.errors import StepFailedError, UsageError


class SweepError(UsageError):
    """A sweep cannot run as requested; no point has run."""


class WorkersLostError(StepFailedError):
    """The workers of a sweep are gone before its points have ended; what is done stays."""


class MetricError(StepFailedError):
    """A point has ended without one of the metrics for comparison."""
