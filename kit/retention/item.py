"""A result that can be deleted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

RUN, POINT, BASE = "run", "sweep point", "sweep base"


@dataclass(frozen=True)
class Item:
    """A result that can be deleted.

    Attributes:
        what: the type of the artifact, `run`, or the base or a point of a sweep.
        name: key of the artifact, id of the run, or the sweep's name and the number of the point.
        folder: its folder, which may be gone already.
        size: the bytes that are freed; files shared with another workspace do not count.
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
    """Return the bytes freed when a folder is deleted, without files shared with a branch of the workspace."""
    files = (path.lstat() for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sum(file.st_size for file in files if file.st_nlink == 1)
