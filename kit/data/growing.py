"""Detect files that change while they are read: a file that is still being written is an incomplete delivery."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kit.digests import of_file
from kit.errors import InputDataError
from kit.os_errors import reason_of


@contextmanager
def unchanged(path: Path, sha256: str) -> Iterator[None]:
    """Context for reading a file; raises unless the file had the given digest throughout.

    Size, time and digest are compared when reading has ended, well or not: half a row at the end of a growing file is
    not its author's mistake. A writer that pauses longer than the reading takes is not noticed; its next bytes
    change the digest, and so cause another run.

    Raises:
        InputDataError: when the file has changed.
    """
    before = _state(path)
    try:
        yield
    except InputDataError:
        _require_same(path, before, sha256)
        raise
    _require_same(path, before, sha256)


def _require_same(path: Path, before: tuple[int, int], sha256: str) -> None:
    after = _state(path)
    if after == before and of_file(path) == sha256:
        return
    grown = after[0] - before[0]
    found = f"{grown:,} bytes were added" if grown > 0 else "its bytes have changed"
    raise InputDataError(
        f"{path} must stay as it is while it is read, but {found}: it is still being written. Run again when it is "
        "delivered."
    )


def _state(path: Path) -> tuple[int, int]:
    """Return the size in bytes and the time of the last change in nanoseconds."""
    try:
        status = path.stat()
    except OSError as error:
        raise InputDataError(
            f"{path} must exist until it is read, but: {reason_of(error)}. Run again when it is delivered."
        ) from error
    return status.st_size, status.st_mtime_ns
