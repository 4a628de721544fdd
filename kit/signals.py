"""The signals that end a command: Ctrl-C, a scheduler's SIGTERM, a terminal that is closed; and how one has ended."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def how_it_ended(returncode: int) -> str:
    """Return a process's ending in words: its exit code, or the signal that is given as a negative number."""
    if returncode >= 0:
        return f"exit code {returncode}"
    try:
        return f"signal {signal.Signals(-returncode).name}"
    except ValueError:  # real-time signals between the first and the last have no name
        return f"signal {-returncode}"


def memory_hint(returncode: int) -> str:
    """Return what else to look at after "See the log", a comma before it; empty: no hint of the system's killer."""
    return ", and whether memory ran out" if returncode == -signal.SIGKILL else ""


@contextmanager
def signals_as_interrupts() -> Iterator[None]:
    """Make all of them act like Ctrl-C."""

    def interrupt() -> None:
        raise KeyboardInterrupt

    with signals_call(interrupt):
        yield


@contextmanager
def signals_call(handler: Callable[[], None]) -> Iterator[None]:
    """Call a function at each of them; ignored ones (nohup) stay ignored."""
    if threading.current_thread() is not threading.main_thread():  # signals are the main thread's
        yield
        return
    before = {s: signal.getsignal(s) for s in _SIGNALS}
    chosen = [s for s in _SIGNALS if before[s] is not signal.SIG_IGN]
    for number in chosen:
        signal.signal(number, lambda *_: handler())
    try:
        yield
    finally:
        for number in chosen:
            signal.signal(number, before[number])
