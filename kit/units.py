"""What a day, an hour and a megabyte are, for plain numbers of seconds and of bytes."""

from __future__ import annotations

SECONDS_PER_HOUR = 3_600
SECONDS_PER_DAY = 24 * SECONDS_PER_HOUR

BYTES_PER_MB = 1_000_000
