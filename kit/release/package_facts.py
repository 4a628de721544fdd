"""What a package records about itself: its build environment, and what a server needs to load it."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kit.digests import of_file
from kit.project import Project
from kit.release.operations import Used, known_releases, lowest_release, release_text
from kit.release.versions import PACKAGE_FILE
from kit.serving.assets import EXTRA
from kit.versions import code_versions, lock_digest
from kit.workspace import write_atomically


def model_digest(folder: Path) -> str:
    """Return a digest of a SavedModel's files; what a package adds to them does not count."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        relative = path.relative_to(folder)
        if not relative.is_relative_to(EXTRA):
            digest.update(f"{relative.as_posix()}\0{path.stat().st_size}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def write_package_file(package: Path, project: Project, used: Used, said: Sequence[str]) -> dict[str, Any]:
    """Write what a package carries about itself; return it.

    Args:
        package: its folder.
        project: the project whose model it is.
        used: what the graph uses.
        said: what each check of the package said, one sentence each.
    """
    known = known_releases()
    facts: dict[str, Any] = {
        "project": project.name,
        "model": model_digest(package),
        "requirements.lock": lock_digest(),
        "versions": code_versions(),
        "host": {"name": platform.node(), "system": platform.platform(), "machine": platform.machine()},
        "project.yml": of_file(project.folder / "project.yml"),
        "code": project.code_digest(),
        "operations": list(used.operations),
        "younger attributes": [name for name in used.attributes if name in known.attribute_since],
        "graph format": {"producer": used.producer, "min_consumer": used.min_consumer},
        "needs TensorFlow Serving": release_text(lowest_release(used, known)),
        "checks": list(said),
    }
    write_atomically(package / PACKAGE_FILE, json.dumps(facts, indent=1, ensure_ascii=False) + "\n")
    return facts
