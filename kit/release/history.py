"""The history of a model's versions: who did what to which version, when and why, one JSON line each.

It is beside the versions, not in ML Metadata, whose libraries take seconds to import: a rollback must not wait for
them. The next session takes over what people decided (`kit.release.push.record_rollbacks`).
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FILE = ".history.jsonl"

Entry = Mapping[str, Any]

_ONE = ("version", "from", "to", "over", "candidate", "serves")
_SEVERAL = ("withdrawn", "versions")


def note(base: Path, what: str, **facts: Any) -> None:
    """Append an entry, which is on disk when this returns.

    An entry equal to the last one is not written: an action that was killed halfway is being tried again.

    Args:
        base: folder of the versions.
        what: `push`, `rollback`, `promotion`, `remove`, `hold` or `experiment`.
        facts: the rest; JSON values. `serves` is the version that answers requests without a version from then on,
            where that depends on more than which versions exist.
    """
    entry = {"what": what, **facts}
    past = read(base)
    if past and {key: value for key, value in past[-1].items() if key != "when"} == entry:
        return
    entry["when"] = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    path = base / FILE
    # A line that a crash cut off stays a line of its own.
    cut_off = path.exists() and not path.read_bytes().endswith(b"\n") and path.stat().st_size > 0
    line = ("\n" if cut_off else "") + json.dumps(entry, ensure_ascii=False) + "\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        rest = line.encode()
        while rest:  # on a disk that gets full, part of it is written before the error comes
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def named_in(entry: Entry) -> set[int]:
    """Return all versions that an entry names, in whatever part."""
    named = {entry[key] for key in _ONE if entry.get(key) is not None}
    return named.union(*(entry.get(key, ()) for key in _SEVERAL))


def read(base: Path) -> list[dict[str, Any]]:
    """Return all entries, the oldest first; a line that a crash cut off is left out."""
    path = base / FILE
    if not path.exists():
        return []
    entries = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and "what" in entry:
            entries.append(entry)
    return entries
