"""What a run leaves on a disk that became full: a record that says so, and no partial notebook under a final name."""

from __future__ import annotations

import json
from pathlib import Path

_ROOM = ".room"
_ROOM_BYTES = 1 << 16  # several times the size of the last record


def keep_room(folder: Path) -> None:
    """Reserve the disk space that the last record of a run needs, in the run's folder."""
    (folder / _ROOM).write_bytes(bytes(_ROOM_BYTES))


def give_back_room(folder: Path) -> None:
    """Free the reserved space for the last record, if there is any."""
    (folder / _ROOM).unlink(missing_ok=True)


def is_whole(notebook: Path) -> bool:
    """Return whether a notebook file is complete."""
    try:
        return "cells" in json.loads(notebook.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
