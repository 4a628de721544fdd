"""SHA-256 of files, in hexadecimal digits.

Workspaces keep such digests and compare them with those of later runs, so the bytes that go into one must never change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path


def of_file(path: Path) -> str:
    """Return the digest of a file; it may be larger than memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def of_files(paths: Iterable[Path], base: Path, *more: bytes) -> str:
    """Return one digest of the names and contents of files, in the order of their names.

    Args:
        paths: the files, of any size.
        base: the folder that their names count from.
        more: what counts beside them.
    """
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(f"{path.relative_to(base)}\0".encode() + bytes.fromhex(of_file(path)))
    for one in more:
        digest.update(one)
    return digest.hexdigest()


def of_code(files: Iterable[tuple[Path, Path]], *more: bytes) -> str:
    """Return one digest of the names and contents of small files, in the order given.

    Args:
        files: each with the folder that its name counts from.
        more: what counts beside them.
    """
    digest = hashlib.sha256()
    for path, base in files:
        digest.update(path.relative_to(base).as_posix().encode() + b"\0" + path.read_bytes())
    for one in more:
        digest.update(one)
    return digest.hexdigest()
