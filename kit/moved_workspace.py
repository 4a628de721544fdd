"""A workspace that was moved or copied: absolute paths in its records get the new place.

ML Metadata does so, and TFX's cache compares it; so does models.config, because TensorFlow Serving wants it. What tells
how something was, such as the record of a run, keeps the old path.
"""

from __future__ import annotations

import json
import re
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from kit.errors import WorkspaceError

# Every text of ML Metadata that may name a place.
_TEXTS = (
    ("Artifact", "uri"),
    ("ArtifactProperty", "string_value"),
    ("ExecutionProperty", "string_value"),
    ("ContextProperty", "string_value"),
)


def follow_metadata(metadata: Path, before: Path, now: Path) -> None:
    """Make ML Metadata name the path of its workspace in place of the one before, at once; nothing if there is none.

    No step runs in the workspace meanwhile.

    Raises:
        WorkspaceError: when it cannot be read or written.
    """
    if not metadata.exists():
        return
    with tempfile.TemporaryDirectory(dir=metadata.parent, prefix=".moved.") as folder:
        copy = Path(folder) / metadata.name
        try:
            copy_metadata(metadata, copy, before, now)
        except sqlite3.OperationalError as error:  # such as a full disk
            raise WorkspaceError(
                f"The workspace {now} was moved from {before}, and its ML Metadata must follow, but "
                f"{error}. Free room on the disk, or move it back."
            ) from error
        except sqlite3.DatabaseError as error:
            raise WorkspaceError(
                f"{metadata} must be ML Metadata, but {error}. Put a copy of it back, or move "
                "it away: the workspace then knows nothing of what has run."
            ) from error
        copy.replace(metadata)


def copy_metadata(source: Path, target: Path, before: Path, now: Path) -> None:
    """Copy ML Metadata's file, with the path of a workspace replaced in it.

    Args:
        source: the file; it may be in use.
        target: the copy, which is not there yet.
        before: path of the workspace in the file.
        now: path of the workspace in the copy.
    """
    address = f"{source.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as original, closing(sqlite3.connect(target)) as copy:
        original.backup(copy)
        copy.create_function("moved", 1, moving(str(before), str(now)), deterministic=True)
        for table, column in _TEXTS:
            change = f"UPDATE {table} SET {column} = moved({column}) WHERE {column} LIKE '%/%'"  # noqa: S608  ours
            copy.execute(change)
        copy.commit()


def moving(before: str, now: str) -> Callable[[str], str]:
    """Return what replaces a path and all below it, in plain texts and in those of JSON."""
    pairs = {before: now, json.dumps(before)[1:-1]: json.dumps(now)[1:-1]}
    patterns = [(re.compile(rf"(?<![\w.-]){re.escape(old)}(?![\w.-])"), new) for old, new in pairs.items()]

    def moved(text: str) -> str:
        for pattern, new in patterns:
            if pattern.search(text):
                return pattern.sub(lambda _, new=new: new, text)  # type: ignore[misc]
        return text

    return moved
