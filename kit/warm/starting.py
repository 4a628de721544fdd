"""A kernel that is still being started: has Popen's methods from the start."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import Protocol


class Process(Protocol):
    """What is started; `WarmProcess` and `subprocess.Popen` are ones."""

    @property
    def pid(self) -> int:
        """Its id."""

    def poll(self) -> int | None:
        """Return how it ended, or None while it runs."""

    def wait(self) -> int | None:
        """Wait for its end."""

    def send_signal(self, signum: int, /) -> None:
        """Signal it."""


class StartingProcess:
    """Stands in for a process while a thread starts it; counts as alive until then.

    JupyterLab drops what a person runs while its request for a kernel is unanswered, but keeps it for a kernel that
    exists and does not answer yet. So the request is answered before some 15 s of imports.

    Args:
        start: starts the process; runs in a thread.
        started: is given the process, unless it was ended before it came.
    """

    stdin = stdout = stderr = None

    def __init__(self, start: Callable[[], Process], started: Callable[[Process], None]) -> None:
        self._start, self._started = start, started
        self._lock = threading.Lock()
        self._settled = threading.Event()
        self._process: Process | None = None
        self._error: BaseException | None = None
        self._ended_by: int | None = None
        threading.Thread(target=self._run, name="kit-warm-start", daemon=True).start()

    def settle(self, timeout_seconds: float) -> bool:
        """Wait for the start; return whether it is over.

        Raises:
            Exception: with which the start failed.
        """
        over = self._settled.wait(timeout_seconds)
        if self._error:
            raise self._error
        return over

    def poll(self) -> int | None:
        """Return how the process ended: a signal as a negative number, 1 when it could not be started."""
        with self._lock:
            if self._ended_by is not None:
                return -self._ended_by
            if self._error:
                return 1
            return self._process.poll() if self._process else None

    def wait(self) -> int | None:
        """Return like `poll`; jupyter_client calls it when the process has ended."""
        return self.poll()

    def send_signal(self, signum: int) -> None:
        """Signal the process; one that is still to come is ended by anything but an interrupt."""
        with self._lock:
            if self._process:
                self._process.send_signal(signum)
            elif signum in {signal.SIGKILL, signal.SIGTERM}:
                self._ended_by = signum

    def terminate(self) -> None:
        """Ask the process to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the process."""
        self.send_signal(signal.SIGKILL)

    def _run(self) -> None:
        try:
            process = self._start()
        except BaseException as error:  # noqa: BLE001  told by settle and poll
            self._error = error
        else:
            with self._lock:
                if self._ended_by is None:
                    self._process = process
                    self._started(process)
                else:
                    process.send_signal(signal.SIGKILL)
                    process.wait()
        self._settled.set()
