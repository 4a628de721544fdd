"""Lengths of time in seconds, for timestamps that are plain numbers."""

from __future__ import annotations

SECONDS_PER_HOUR = 3_600
SECONDS_PER_DAY = 24 * SECONDS_PER_HOUR
