"""What a day, an hour and a megabyte are, for plain numbers of seconds and of bytes."""

from __future__ import annotations

SECONDS_PER_HOUR = 3_600
SECONDS_PER_DAY = 24 * SECONDS_PER_HOUR

BYTES_PER_MB = 1_000_000

_LATEST_SECONDS = 32_503_680_000  # the year 3000; a timestamp that is greater is counted in a smaller unit


def ticks_per_second(time: float) -> int:
    """Return how many units of a timestamp make a second, judged by its size: 1, or those of ms, µs or ns."""
    return next((ticks for ticks in (1, 10**3, 10**6, 10**9) if abs(time) / ticks < _LATEST_SECONDS), 1)
