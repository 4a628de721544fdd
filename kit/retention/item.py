"""A result that can be deleted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

RUN, POINT, BASE = "run", "sweep point", "sweep base"


@dataclass(frozen=True)
class Item:
    """A result that can be deleted.

    Attributes:
        what: type of the artifact, `run`, or of a sweep what its points began with or what one has left.
        name: key of the artifact, id of the run, or the sweep's name and the number of the point.
        folder: its folder, which may be gone already.
        size: bytes that are free afterwards; files that another workspace shares do not count.
        days: its age.
    """

    what: str
    name: str
    folder: Path
    size: int
    days: float

    @property
    def is_artifact(self) -> bool:
        """Whether ML Metadata knows of it."""
        return self.what not in {RUN, POINT, BASE}


def size_of(folder: Path) -> int:
    """Return the bytes that are free once a folder is gone; what a branch of the workspace shares is not among them."""
    files = (path.lstat() for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sum(file.st_size for file in files if file.st_nlink == 1)
