"""A log that other processes write to directly, and that never holds a secret, not even for a moment."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kit.secret import Redactor

_MOST_BYTES = 1 << 16  # of an unbroken line, such as a progress bar's


@contextmanager
def papermill_logs_to(log: Path) -> Iterator[None]:
    """Send papermill's log, one logger for all threads, to the log of a run."""
    logger = logging.getLogger("papermill")
    with log.open("a") as stream:
        handler = logging.StreamHandler(stream)
        logger.addHandler(handler)
        propagate, logger.propagate = logger.propagate, False
        try:
            yield
        finally:
            logger.removeHandler(handler)
            logger.propagate = propagate


class RedactedLog:
    """Has a descriptor for processes to write to, and appends their output to a file line by line, without secrets.

    Without secrets it is the file itself: then nothing is lost when this process is killed.
    """

    def __init__(self, path: Path, redactor: Redactor) -> None:
        """Open it for writing.

        Args:
            path: the file; what it holds stays.
            redactor: knows the secrets.
        """
        self._path, self._redactor = path, redactor
        self._copying: threading.Thread | None = None
        if not redactor:
            self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
            return
        source, self._descriptor = os.pipe()
        # A process that a notebook left behind may keep the other end open forever.
        self._copying = threading.Thread(target=self._copy, args=(source,), name="redacted-log", daemon=True)
        self._copying.start()

    def fileno(self) -> int:
        """Return the descriptor to write to."""
        return self._descriptor

    def close(self, seconds: float = 1.0) -> None:
        """Close it; the file then holds everything written, unless a process still writes after some seconds."""
        os.close(self._descriptor)
        if self._copying is not None:
            self._copying.join(seconds)

    def _copy(self, source: int) -> None:
        with (
            os.fdopen(source, "rb") as lines,
            self._path.open("a", encoding="utf-8", errors="replace") as log,
        ):
            while line := lines.readline(_MOST_BYTES):
                log.write(self._redactor.text(line.decode("utf-8", errors="replace")))
                log.flush()
