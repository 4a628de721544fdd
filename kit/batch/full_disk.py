"""What a run leaves on a disk that became full: a record that tells of it, and no half notebook under a final name."""

from __future__ import annotations

import json
from pathlib import Path

_ROOM = ".room"
_ROOM_BYTES = 1 << 16  # of the last record, several times


def keep_room(folder: Path) -> None:
    """Take the room on the disk that the last record of a run needs; its folder is given."""
    (folder / _ROOM).write_bytes(bytes(_ROOM_BYTES))


def give_back_room(folder: Path) -> None:
    """Make room for the last record, if some was kept."""
    (folder / _ROOM).unlink(missing_ok=True)


def is_whole(notebook: Path) -> bool:
    """Return whether a notebook is there to its last letter."""
    try:
        return "cells" in json.loads(notebook.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
