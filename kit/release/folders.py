"""The folder of one version: whether a server could load it, and its move, which is one rename."""

from __future__ import annotations

import os
from pathlib import Path

from kit.release.errors import VersionError

_GRAPHS = ("saved_model.pb", "saved_model.pbtxt")


def check_whole(folder: Path) -> None:
    """Refuse a version that somebody has begun to remove: a server that starts would have nothing to serve.

    Raises:
        VersionError: when a part without which no server loads it is missing.
    """
    if not any((folder / name).is_file() for name in _GRAPHS):
        raise VersionError(
            f"A version to serve must be a SavedModel, but {folder} has no {_GRAPHS[0]}. Choose another version: `kit "
            "rollback --to`; `kit versions` lists them."
        )


def move(source: Path, target: Path) -> None:
    """Rename a folder, so that it survives a loss of power."""
    target.parent.mkdir(exist_ok=True)
    source.rename(target)
    for folder in {source.parent, target.parent}:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
