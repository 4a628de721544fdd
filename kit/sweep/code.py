"""Digests of what runs a point: points run by different code must not be compared."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

from kit.batch.unchanged import code_beside, data_files, notebook_digest, project_digest
from kit.digests import of_code
from kit.errors import KitError
from kit.project import Project
from kit.project.folder import find_folder
from kit.project.read import read_project_file
from kit.versions import installed_packages
from kit.workspace import CHECKOUT

_LETTERS = 16


@cache
def code_digest() -> str:
    """Return a digest of the kit's Python files and of the versions of all packages."""
    files = ((path, CHECKOUT) for path in sorted((CHECKOUT / "kit").rglob("*.py")))
    return of_code(files, repr(sorted(installed_packages().items())).encode())[:_LETTERS]


def code_parts(notebooks: Iterable[str], projects: Iterable[str], workspace: Path) -> dict[str, str]:
    """Return a digest of each thing that runs a point, by its name; empty: missing or not readable.

    Args:
        notebooks: paths of all notebooks of the chain.
        projects: names or folders of the projects that they are about.
        workspace: the workspace where projects are found by their names.
    """
    found = {"the kit or its packages": code_digest()}
    for path in map(Path, notebooks):
        found[f"the notebook {path.stem}"] = _notebook(path)
    for name in projects:
        found[f"the project {Path(name).name}"] = _project(name, workspace)
    return found


def as_one(parts: Mapping[str, str]) -> str:
    """Return one digest of several."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:_LETTERS]


def _notebook(path: Path) -> str:
    try:
        return as_one({"itself": notebook_digest(path), "beside it": code_beside(path)})
    except (OSError, ValueError, KeyError, TypeError):  # running it reports what is wrong
        return ""


def _project(name: str, workspace: Path) -> str:
    data = list[Path]()
    try:
        folder = find_folder(name, workspace)
        project = Project(folder, read_project_file(folder / "project.yml"))
        with suppress(KitError):  # without data files, none are in its folder
            data = data_files(project)
        return project_digest(project, data)[:_LETTERS]
    except (KitError, OSError):
        return ""
