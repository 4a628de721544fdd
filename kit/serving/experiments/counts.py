"""The outcomes of an experiment's requests, by arm and group of users, written to disk every second.

Each server process writes a file of its own and never reads it: a restarted server begins a new one, and several
servers count side by side. The sum of all files is judged. A killed process loses its last second.
"""

from __future__ import annotations

import io
import logging
import os
import threading
import time
import zipfile
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kit.serving.experiments.split import GROUPS
from kit.workspace import write_atomically

REQUESTS, FAILED, SLOW = range(3)
OTHERS = ("without a user", "of several users", "version not loaded")
"""Why an answered request does not count as evidence."""

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]

_FOLDER, _END = "counts", ".npz"
_WRITE_SECONDS = 1.0
_LOG = logging.getLogger(__name__)


class Counts:
    """The counts of one process, or of all.

    Attributes:
        table: requests [2 arms, GROUPS, 3]: all, failed, slow.
        first_failure: [2 arms, GROUPS], seconds since 1970; infinity where there was none.
        others: how many requests do not count as evidence, in the order of OTHERS.
    """

    def __init__(self) -> None:
        self.table: Ints = np.zeros((2, GROUPS, 3), np.int64)
        self.first_failure: Floats = np.full((2, GROUPS), np.inf)
        self.others: Ints = np.zeros(len(OTHERS), np.int64)

    def add(self, arm: int, group: int, *, failed: bool, slow: bool, when: float) -> None:
        """Count one request that is evidence."""
        row = self.table[arm, group]
        row[REQUESTS] += 1
        row[SLOW] += slow
        if failed:
            row[FAILED] += 1
            self.first_failure[arm, group] = min(self.first_failure[arm, group], when)

    def merge(self, other: Counts) -> None:
        """Add the counts of another process."""
        self.table += other.table
        self.first_failure = np.minimum(self.first_failure, other.first_failure)
        self.others += other.others

    def to_bytes(self) -> bytes:
        sink = io.BytesIO()
        np.savez_compressed(sink, table=self.table, first_failure=self.first_failure, others=self.others)
        return sink.getvalue()

    @classmethod
    def read(cls, path: Path) -> Counts:
        """Read a file of `to_bytes`."""
        counts = cls()
        with np.load(path) as file:
            counts.table, counts.first_failure = file["table"], file["first_failure"]
            counts.others = file["others"]
        return counts


def total(folder: Path) -> Counts:
    """Return the sum of all processes' counts in an experiment's folder; unreadable files are left out."""
    summed = Counts()
    for path in sorted((folder / _FOLDER).glob(f"*{_END}")):
        try:
            summed.merge(Counts.read(path))
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            _LOG.warning("%s is left out of the counts: it cannot be read (%s).", path, error)
    return summed


class Counter:
    """The counts of this process, written to disk in the background."""

    def __init__(self, folder: Path) -> None:
        """Prepare a new file in the folder; nothing is written before the first request."""
        self._path = folder / _FOLDER / f"{time.time_ns():020d}-{os.getpid()}{_END}"
        self._counts, self._lock, self._changed = Counts(), threading.Lock(), False
        # Of what failed first, the order counts, which a clock that is set meanwhile would turn around.
        self._since_1970 = time.time() - time.monotonic()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, arm: int, group: int, *, failed: bool, slow: bool) -> None:
        """Count a request that is evidence."""
        with self._lock:
            when = self._since_1970 + time.monotonic()
            self._counts.add(arm, group, failed=failed, slow=slow, when=when)
            self._touch()

    def add_other(self, kind: int) -> None:
        """Count a request that is no evidence; `kind` is the reason's place in OTHERS."""
        with self._lock:
            self._counts.others[kind] += 1
            self._touch()

    def _touch(self) -> None:
        self._changed = True
        if self._thread is None and not self._stopping.is_set():
            self._thread = threading.Thread(target=self._run, name="experiment-counts", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        failed_as = None  # the error that the log has told: a full disk fails every second, for hours
        while not self._stopping.wait(_WRITE_SECONDS):
            try:
                self.write()
            except OSError as error:
                # Perhaps for a while: the counts are kept and written later.
                if error.errno != failed_as:
                    _LOG.error("The counts of the experiment cannot be written; it is tried again: %s", error)
                failed_as = error.errno
            else:
                failed_as = None

    def write(self) -> None:
        """Write the counts, if they have changed since the last write."""
        with self._lock:
            data = self._counts.to_bytes() if self._changed else b""
            self._changed = False
        if not data:
            return
        try:
            write_atomically(self._path, data)
        except OSError:
            self._changed = True
            raise

    def close(self) -> None:
        """Write the last counts."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        self.write()
