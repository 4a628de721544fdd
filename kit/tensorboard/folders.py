"""The folders in which kernel, TensorBoard and Jupyter server meet: a private one per board."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import stat
import tempfile
import time
from pathlib import Path

ROUTE = "kit/tensorboard"  # below the base URL of the Jupyter server
SOCKET = "socket"
LOGS = "logs"
_STARTING_SECONDS = 120.0  # in which a new board need not answer


def folder_of(board: str) -> Path:
    """Return the folder of a board; it need not exist."""
    return _root() / board


def make_folder(board: str) -> Path:
    """Make the folder of a board, which only its user may enter.

    Raises:
        PermissionError: when its parent folder is somebody else's, or open to others.
    """
    root = _root()
    root.mkdir(mode=0o700, exist_ok=True)
    found = root.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise PermissionError(f"{root} must be your own folder, with mode 700")
    folder = root / board
    folder.mkdir(mode=0o700)
    return folder


def answers(board: str) -> bool:
    """Whether a board listens."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(folder_of(board) / SOCKET)) == 0


def remove_dead() -> None:
    """Remove what a killed TensorBoard left behind."""
    for folder in _root().glob("*"):
        with contextlib.suppress(FileNotFoundError):  # it ended just now
            old = time.time() - folder.stat().st_mtime > _STARTING_SECONDS
            if old and not answers(folder.name):
                shutil.rmtree(folder, ignore_errors=True)


def _root() -> Path:
    # Not in Jupyter's own runtime folder: the path of a socket may have 103 bytes at most.
    return Path(tempfile.gettempdir()) / f"kit-tensorboard-{os.getuid()}"
