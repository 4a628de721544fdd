"""A thread that writes records into rotated TFRecord files, and never keeps a request waiting."""

from __future__ import annotations

import datetime as dt
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf

_MEBIBYTE = 1 << 20
_TAKE = 256  # records that the thread takes from the queue at once
_RETRY_SECONDS = 1.0
_STOP_SECONDS = 30.0
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """Limits of the log.

    Attributes:
        queue_records: most records in the queue; more are dropped.
        queue_bytes: most bytes in the queue, likewise.
        flush_seconds: the time after which a record is on disk.
        unflushed_bytes: the size at which records are flushed before that.
        file_bytes: the size at which a new file is begun.
        file_seconds: the age at which a new file is begun.
    """

    queue_records: int = 10_000
    queue_bytes: int = 64 * _MEBIBYTE
    flush_seconds: float = 1.0
    unflushed_bytes: int = 8 * _MEBIBYTE
    file_bytes: int = 64 * _MEBIBYTE
    file_seconds: float = 600.0


@dataclass(frozen=True)
class Told:
    """Callbacks for the fate of records; each is called with how many, from any thread."""

    dropped: Callable[[int], None]
    written: Callable[[int], None]
    lost: Callable[[int], None]


class LogWriter:
    """The files of one model in this process."""

    def __init__(self, stem: Path, told: Told, limits: Limits | None = None) -> None:
        """Set up the writer; the thread and the first file begin with the first record.

        Args:
            stem: the path that the names of the files begin with.
            told: the callbacks for the fate of records.
            limits: the limits of the queue and the files.
        """
        self._stem, self._told, self._limits = stem, told, limits or Limits()
        self._queue: deque[tuple[Callable[[], bytes], int]] = deque()
        self._queue_bytes = 0
        self._changed = threading.Condition()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._file: _File | None = None
        self._unflushed: list[bytes] = []
        self._number = 0
        self._flush_at = 0.0
        self._lost = 0  # records that could not be written when the server stopped
        self._failed_as: tuple[type[Exception], object] | None = None  # the error that the log has told

    def offer(self, make: Callable[[], bytes], size: int) -> bool:
        """Queue a record; return whether there was room. If so, it is written unless the process is killed.

        Args:
            make: returns the record's bytes; called in the thread, so that the request need not wait for it.
            size: their approximate number.
        """
        with self._changed:
            full = len(self._queue) >= self._limits.queue_records
            if full or self._stopping or self._queue_bytes + size > self._limits.queue_bytes:
                self._told.dropped(1)
                return False
            self._queue.append((make, size))
            self._queue_bytes += size
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="prediction-log", daemon=True)
                self._thread.start()
            self._changed.notify()
        return True

    def close(self) -> None:
        """Write the queued records, and end the thread."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(_STOP_SECONDS)
            if self._thread.is_alive():
                _LOG.error("The prediction log could not be written within %.0f s.", _STOP_SECONDS)

    def _run(self) -> None:
        while True:
            taken, stopping = self._take()
            for make in taken:
                self._add(make)
            due = time.monotonic() >= self._flush_at or stopping
            if self._unflushed and (due or sum(map(len, self._unflushed)) >= self._limits.unflushed_bytes):
                self._write(last_try=stopping)
            if stopping and not self._queue:
                break
        if self._file is not None:
            self._file.close()
        if self._lost:  # the metrics, which count them too, end with the server
            _LOG.error("%d records of the prediction log %s are lost.", self._lost, self._stem)

    def _take(self) -> tuple[list[Callable[[], bytes]], bool]:
        with self._changed:
            if not self._queue and not self._stopping:
                wait = max(self._flush_at - time.monotonic(), 0) if self._unflushed else None
                self._changed.wait(wait)
            if self._queue and not self._unflushed:
                self._flush_at = time.monotonic() + self._limits.flush_seconds
            some = [self._queue.popleft() for _ in range(min(_TAKE, len(self._queue)))]
            self._queue_bytes -= sum(size for _, size in some)
            return [make for make, _ in some], self._stopping

    def _add(self, make: Callable[[], bytes]) -> None:
        try:
            self._unflushed.append(make())
        except Exception:  # noqa: BLE001  a record that cannot be made must not end the log of all others
            _LOG.exception("A record of the prediction log cannot be made.")
            self._told.lost(1)

    def _write(self, *, last_try: bool) -> None:
        """Write and sync the unflushed records; retry until that succeeds, and once more when the server stops."""
        while True:
            try:
                self._file = self._kept_file() or self._new_file()
                self._file.write(self._unflushed)
            except (OSError, tf.errors.OpError) as error:
                self._tell(error)
                self._file = None
                if last_try:
                    self._told.lost(len(self._unflushed))
                    self._lost += len(self._unflushed)
                    break
                last_try = self._stops_within(_RETRY_SECONDS)
            else:
                self._failed_as = None
                self._told.written(len(self._unflushed))
                if self._file.is_full():
                    self._file.close()
                    self._file = None
                break
        self._unflushed = []

    def _kept_file(self) -> _File | None:
        """Return the file in use, unless somebody has removed it: what is written then can never be read."""
        if self._file is not None and self._file.is_removed():
            file, self._file = self._file, None
            file.close()
        return self._file

    def _tell(self, error: OSError | tf.errors.OpError) -> None:
        """Log an error, unless it is the one of the try before: a full disk fails every second, for hours."""
        code = error.errno if isinstance(error, OSError) else error.error_code
        if self._failed_as != (type(error), code):
            self._failed_as = type(error), code
            _LOG.error("The prediction log %s cannot be written; it is tried again: %s", self._stem, error)

    def _stops_within(self, seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self._stopping, seconds)

    def _new_file(self) -> _File:
        began = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%S%f")
        self._number += 1
        name = f"{self._stem.name}-{began}-{os.getpid()}-{self._number:04}.tfrecord"
        self._stem.parent.mkdir(parents=True, exist_ok=True)
        return _File(self._stem.parent / name, self._limits)


class _File:
    """One file; what a failed write has left in it is cut off."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self._path, self._limits, self._began, self._good_bytes = path, limits, time.monotonic(), 0
        self._writer: Any = tf.io.TFRecordWriter(str(path))
        self._descriptor = os.open(path, os.O_RDWR)

    def write(self, records: list[bytes]) -> None:
        """Write records; all of them are on disk when this returns, and none when it raises."""
        try:
            for record in records:
                self._writer.write(record)
            self._writer.flush()
            os.fsync(self._descriptor)
        except (OSError, tf.errors.OpError):
            self._cut_off()
            raise
        self._good_bytes = os.fstat(self._descriptor).st_size

    def _cut_off(self) -> None:
        try:
            self._writer.close()  # before the cut, as closing writes what is still buffered
        except tf.errors.OpError:
            pass
        finally:
            os.ftruncate(self._descriptor, self._good_bytes)
            os.close(self._descriptor)
            if not self._good_bytes:  # the next try has a file of its own
                self._path.unlink(missing_ok=True)

    def is_removed(self) -> bool:
        return os.fstat(self._descriptor).st_nlink == 0

    def is_full(self) -> bool:
        age = time.monotonic() - self._began
        return self._good_bytes >= self._limits.file_bytes or age >= self._limits.file_seconds

    def close(self) -> None:
        self._writer.close()
        os.close(self._descriptor)
