"""Removal of old results, and the note that it leaves in a folder about what was there."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path

from kit.workspace import write_atomically

RECORD = "pruned.json"


def write_record(folder: Path, rule: str, size_bytes: int) -> None:
    """Record in a folder what is about to be deleted there, and by which rule."""
    when = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    write_atomically(folder / RECORD, json.dumps({"when": when, "rule": rule, "size_bytes": size_bytes}))


def remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it; nothing if it is gone already.

    Raises:
        OSError: when it cannot be removed: nobody is told that its bytes are free while they are not.
    """
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
