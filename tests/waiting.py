"""Waiting for what another process or thread does."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def wait_until(
    condition: Callable[[], object], seconds: float = 30, told: Callable[[], object] | None = None
) -> None:
    """Return once a condition holds; fail with what `told` then says when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, told() if told else f"waited {seconds} s in vain"
        time.sleep(0.02)
