"""A result that can be deleted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kit.sweep.records import sweeps_of
from kit.workspace import Workspace

RUN, POINT, BASE = "run", "sweep point", "sweep base"
ARTIFACT = "artifact"
TRASH = ".trash"


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


def trash_of(workspace: Workspace, project: str, what: str) -> Path:
    """Return where something of a project is moved out of the way and deleted: on the disk that it is on.

    Artifacts, runs and sweeps may each be a link to another disk, and nothing is renamed from one to the other.
    """
    if what == RUN:
        return workspace.runs / TRASH / project
    if what in {POINT, BASE}:
        return sweeps_of(workspace.path) / TRASH / project
    return workspace.artifacts(project) / TRASH


def trash_folders(workspace: Workspace, project: str) -> list[Path]:
    """Return all such folders of a project; what lies in them was left by a collection that was killed."""
    return [trash_of(workspace, project, what) for what in (ARTIFACT, RUN, POINT)]


def size_of(folder: Path) -> int:
    """Return the bytes freed when a folder is deleted, without files shared with a branch of the workspace."""
    files = (path.lstat() for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sum(file.st_size for file in files if file.st_nlink == 1)
