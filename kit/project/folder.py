"""Where a project lies: built in, in the workspace, or in any folder."""

from __future__ import annotations

import os
import re
from pathlib import Path

import kit.projects
from kit.errors import ProjectError
from kit.project.file import NAME_PATTERN
from kit.texts import did_you_mean
from kit.workspace_folders import PROJECTS

BUILT_IN = Path(kit.projects.__file__).parent


def name_from_anywhere(name: str, workspace: Path) -> str:
    """Return what names a project in every working folder: its name, or the absolute path of its folder.

    Raises:
        ProjectError: when there is none.
    """
    return name if name in _known_folders(workspace) else str(find_folder(name, workspace))


def find_folder(name: str, workspace: Path) -> Path:
    """Return a project's folder.

    Args:
        name: its name, if it is built in or in the workspace, or its folder.
        workspace: the folder of the workspace.

    Raises:
        ProjectError: when there is none, or its folder cannot be a project's.
    """
    folders = _known_folders(workspace)
    if name in folders:
        return folders[name]
    # Path's own expanduser and is_dir raise for impossible users and file names.
    path = Path(os.path.expanduser(name))  # noqa: PTH111
    if os.path.isdir(path) and ("/" in name or (path / "project.yml").is_file()):  # noqa: PTH112
        if not re.fullmatch(NAME_PATTERN, path.resolve().name):
            raise ProjectError(
                f"A project's folder needs a name of lowercase letters, digits and _, but {path.name!r} is not. "
                "Rename it."
            )
        return path.resolve()
    raise ProjectError(
        f"There is no project {name!r}.{did_you_mean(name, folders)} Known projects are {', '.join(sorted(folders))}; "
        "a project elsewhere is named by its folder, and `kit new` writes one for your data."
    )


def _known_folders(workspace: Path) -> dict[str, Path]:
    files = [*BUILT_IN.glob("*/project.yml"), *(workspace / PROJECTS).glob("*/project.yml")]
    return {path.parent.name: path.parent for path in files}
