"""Read existing manifests, which somebody may have edited."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from kit.errors import DeployError


def read_objects(folder: Path) -> list[dict[str, Any]]:
    """Return the objects of all YAML files of a folder.

    Raises:
        DeployError: when there is none, or a file cannot be read.
    """
    paths = sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")])
    objects = [one for path in paths for one in _read(path)]
    if not objects:
        raise DeployError(
            f"{folder} must be a folder with manifests (*.yaml), but has none. "
            f"Write some: kit deploy k8s --out {folder}"
        )
    return objects


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        found = [one for one in yaml.safe_load_all(path.read_text()) if one is not None]
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DeployError(
            f"{path} must be YAML, but {' '.join(str(error).split())}. Correct that place."
        ) from None
    for one in found:
        if not isinstance(one, dict):
            raise DeployError(f"{path} must hold Kubernetes objects, but holds {one!r}. Take it out.")
    return found
