"""What containers of the batch image have: the kit's own notebooks and projects, and a workspace at `WORKSPACE`.

A path of this machine means nothing there: what is in the workspace has another path, and all else is missing.
"""

from __future__ import annotations

from pathlib import Path

from kit.batch.plan import NOTEBOOKS, notebook_from_anywhere
from kit.containers.image import WORKSPACE
from kit.errors import DeployError
from kit.project.folder import BUILT_IN, find_folder
from kit.workspace import path_below
from kit.workspace_folders import PROJECTS


def notebook_in_container(notebook: Path, workspace: Path) -> str:
    """Return what `kit run` finds a notebook by in a container.

    Raises:
        DeployError: when the notebook is neither in the image nor in the workspace.
    """
    if notebook.is_relative_to(NOTEBOOKS):
        return notebook_from_anywhere(notebook)
    if there := path_below(notebook, workspace, WORKSPACE):
        return there
    raise DeployError(
        f"A container has the notebooks of {NOTEBOOKS}, which are in its image, and of {workspace}, which is on the "
        f"claim, but {notebook} is in neither. Copy it to one of them."
    )


def project_in_container(name: str, workspace: Path) -> str:
    """Return what names a project in a container.

    Args:
        name: its name, or its folder on this machine.
        workspace: the folder of the workspace on this machine.

    Raises:
        ProjectError: when there is no such project.
        DeployError: when it is neither in the image nor in the workspace.
    """
    folder = find_folder(name, workspace)
    if folder.parent == BUILT_IN:
        return folder.name
    if name == folder.name and folder.parent.resolve() == (workspace / PROJECTS).resolve():
        return name
    if there := path_below(folder, workspace, WORKSPACE):
        return there
    raise DeployError(
        f"A container has the projects of its image and of {workspace}, which is on the claim, but {folder} is in "
        f"neither. Copy it into {workspace / 'projects'}, and name it {folder.name}."
    )
