"""What a record says of the process that wrote it, so that a reader can tell whether that is still alive."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from typing import Self

import psutil

_SAME_START_SECONDS = 1.0


@dataclass(frozen=True)
class ProcessMark:
    """A process of some machine.

    Attributes:
        pid: its number; 0: there was no process.
        started: seconds since 1970; tells it from a later one with the same number.
    """

    host: str
    pid: int
    started: float

    @classmethod
    def of_this(cls) -> Self:
        return cls(socket.gethostname(), os.getpid(), psutil.Process().create_time())

    @property
    def is_here(self) -> bool:
        """Whether it is, or was, on this machine; nothing is known about those of others."""
        return self.host == socket.gethostname()

    def process(self) -> psutil.Process | None:
        """Return the process; None where it is over, or on another machine."""
        if not self.is_here or not self.pid:
            return None
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started) <= _SAME_START_SECONDS
        except psutil.NoSuchProcess:
            return None
        except psutil.AccessDenied:  # somebody else's, and alive
            return process
        return process if same else None
