"""What runs a written pipeline, in a process forked from the warm one."""

from __future__ import annotations

import runpy
from collections.abc import Callable


def run_file(payload: bytes, _report: Callable[[str], None]) -> bytes:
    """Do as `python FILE` does, and return the exit code."""
    try:
        runpy.run_path(payload.decode(), run_name="__main__")
    except SystemExit as ended:
        return str(ended.code).encode()
    return b"no exit code"
