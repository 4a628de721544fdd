"""The log of the warm process, which is its stdout and stderr."""

from __future__ import annotations

import os
import time
import traceback
from contextlib import suppress

_STDOUT = 1


def write(text: str) -> None:
    """Write a line with the time.

    What cannot be written, as on a full disk, is lost: an error would end the warm process and all its children. Not
    through Python's streams, whose buffers would keep it and hand it down to children.
    """
    with suppress(OSError):
        os.write(_STDOUT, f"{time.strftime('%F %T')} {text}\n".encode(errors="backslashreplace"))


def write_exception() -> None:
    """Write the exception that is being handled."""
    write(traceback.format_exc().rstrip())
