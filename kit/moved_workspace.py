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

from google.protobuf.text_encoding import CEscape, CUnescape

from kit.errors import WorkspaceError

# Every text of ML Metadata that may name a place.
_TEXTS = (
    ("Artifact", "uri"),
    ("ArtifactProperty", "string_value"),
    ("ExecutionProperty", "string_value"),
    ("ContextProperty", "string_value"),
)
_JSON_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_CONFIG_STRING = re.compile(r""""(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'""")


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
    """Return what replaces a path and all below it, in plain texts and in the strings of JSON."""
    # Earlier versions wrote non-ASCII paths into plain texts with JSON's escapes; those are corrected here.
    places = dict.fromkeys((before, json.dumps(before)[1:-1]))
    patterns = [re.compile(rf"(?<![\w.-]){re.escape(place)}(?![\w.-])") for place in places]

    def moved(text: str) -> str:
        if _is_json(text):
            return _JSON_STRING.sub(
                lambda found: _rewritten_json(found[0], moved, ascii_only=text.isascii()), text
            )
        for pattern in patterns:
            if pattern.search(text):
                return pattern.sub(lambda _: now, text)
        return text

    return moved


def moving_config(before: str, now: str) -> Callable[[str], str]:
    """Return what does the same in the strings of Protocol Buffers' text format, which has its own escapes."""
    moved = moving(before, now)

    def rewritten(found: re.Match[str]) -> str:
        value = CUnescape(found[0][1:-1]).decode()
        return found[0] if moved(value) == value else f'"{CEscape(moved(value), as_utf8=True)}"'

    return lambda text: _CONFIG_STRING.sub(rewritten, text)


def _is_json(text: str) -> bool:
    if not text.startswith(("{", "[", '"')):
        return False
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _rewritten_json(string: str, change: Callable[[str], str], *, ascii_only: bool) -> str:
    """Change a string of JSON, which may hold JSON itself; all others stay to the letter, since caches compare them."""
    value = json.loads(string)
    return string if change(value) == value else json.dumps(change(value), ensure_ascii=ascii_only)
