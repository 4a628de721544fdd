"""Repeat a call on a timer, whether the kernel is busy with a cell or idle."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Repeat:
    """Calls a function in a thread until the function says that nothing is left to do, or `end` is called.

    Args:
        work: returns whether to go on.
        every_seconds: the time between two calls.
    """

    def __init__(self, work: Callable[[], bool], every_seconds: float = 1.0) -> None:
        self._work, self._every_seconds = work, every_seconds
        self._over = threading.Event()
        # A daemon: a kernel that is told to end does not wait for its views.
        self._thread = threading.Thread(target=self._repeat, name="view", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """End the calls, and wait for a running one; the function itself must not call this."""
        self._over.set()
        self._thread.join()

    def _repeat(self) -> None:
        while not self._over.wait(self._every_seconds) and self._work():
            pass
