"""Branch a workspace: a copy that starts with all results of the first and diverges from there.

Artifacts and pushed models are never written to once they are made, so a branch shares their bytes by hard links; the
rest is copied. ML Metadata names places by their full path, and TFX's cache compares them: in the branch they are
its own.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from kit.workspace import Workspace

_LINKED = ("artifacts", "serving", "predictions", "labels")
_COPIED = ("projects", "schemas", "statistics")
# What is written to where it stands, or renamed over: a file of its own in each branch.
_GROWING = re.compile(r"^\.|\.(jsonl|config|yml|yaml|sqlite)$")
# Every text of ML Metadata that may name a place.
_TEXTS = (
    ("Artifact", "uri"),
    ("ArtifactProperty", "string_value"),
    ("ExecutionProperty", "string_value"),
    ("ContextProperty", "string_value"),
)


def branch(source: Workspace, target: Path, say: Callable[[str], None] = print) -> None:
    """Make a branch; it appears atomically.

    No step runs in the source meanwhile, so that what ML Metadata names is there.

    Raises:
        OSError: when something cannot be read or written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    try:
        with source.lock("step", f"branching into {target}", say=say):
            for name in _LINKED + _COPIED:
                if (source.path / name).is_dir():
                    copy = _link_or_copy if name in _LINKED else shutil.copy2
                    shutil.copytree(source.path / name, unfinished / name, copy_function=copy, symlinks=True)
            if source.metadata_path.exists():
                _branch_metadata(source.path, unfinished, target)
        unfinished.chmod(0o755)
        unfinished.rename(target)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def _link_or_copy(source: str, target: str) -> None:
    if not _GROWING.search(Path(source).name):
        with suppress(OSError):  # another file system, or one without hard links
            os.link(source, target, follow_symlinks=False)
            return
    shutil.copy2(source, target)


def _branch_metadata(source: Path, unfinished: Path, target: Path) -> None:
    name = Workspace(source).metadata_path.name
    address = f"{(source / name).absolute().as_uri()}?mode=ro"
    with (
        closing(sqlite3.connect(address, uri=True)) as original,
        closing(sqlite3.connect(unfinished / name)) as copy,
    ):
        original.backup(copy)
        copy.create_function("moved", 1, _moving(str(source), str(target)), deterministic=True)
        for table, column in _TEXTS:
            change = f"UPDATE {table} SET {column} = moved({column}) WHERE {column} LIKE '%/%'"  # noqa: S608  ours
            copy.execute(change)
        copy.commit()


def _moving(source: str, target: str) -> Callable[[str], str]:
    """Return what replaces a path and all below it, in plain texts and in those of JSON."""
    pairs = {source: target, json.dumps(source)[1:-1]: json.dumps(target)[1:-1]}
    patterns = [(re.compile(rf"(?<![\w.-]){re.escape(old)}(?![\w.-])"), new) for old, new in pairs.items()]

    def moved(text: str) -> str:
        for pattern, new in patterns:
            if pattern.search(text):
                return pattern.sub(lambda _, new=new: new, text)  # type: ignore[misc]
        return text

    return moved
