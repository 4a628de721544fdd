"""The note that `kit gc` leaves in a folder about what it deleted there."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

from kit.workspace import write_atomically

RECORD = "pruned.json"


def write_record(folder: Path, rule: str, size_bytes: int) -> None:
    """Record in a folder what is about to be deleted there, and by which rule."""
    when = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    write_atomically(folder / RECORD, json.dumps({"when": when, "rule": rule, "size_bytes": size_bytes}))
