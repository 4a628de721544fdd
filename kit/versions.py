"""The versions of the code at work: installed packages, and the commit of the checkout."""

from __future__ import annotations

import hashlib
import json
import platform
import re
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path

from kit.digests import of_file
from kit.setup.locked import LOCK, read_lock
from kit.workspace import CHECKOUT

_TOLD = ("notebook-mlops-kit", "tensorflow", "tfx", "papermill")
_PACKAGE = re.compile(r"(?P<name>.+?)-(?P<version>[^-]+)\.(?:dist|egg)-info")


def installed_versions() -> dict[str, str | None]:
    """Return the versions of the packages that a record names; None: not installed."""
    return {name: _version(name) for name in _TOLD}


@cache
def installed_packages() -> Mapping[str, str]:
    """Return the versions of all packages that this process can import, from the names of their folders.

    Reading each package's METADATA would take half a second; the name of the folder says the same.
    """
    # setuptools puts its vendored packages on the path, but only once it is imported.
    places = [Path(place) for place in sys.path if place and "_vendor" not in Path(place).parts]
    folders = [place for place in places if place.is_dir()]
    found = [_PACKAGE.fullmatch(path.name) for folder in folders for path in folder.iterdir()]
    # The first on the path is imported.
    return {match["name"].lower().replace("_", "-"): match["version"] for match in reversed(found) if match}


def lock_digest() -> str | None:
    """Return the SHA-256 of requirements.lock; None: the kit was installed without its checkout."""
    return of_file(LOCK) if LOCK.exists() else None


@cache
def locked_packages_digest() -> str:
    """Return a digest of the versions of the packages in requirements.lock; of all packages if there is no lock.

    Other installed packages, such as a plotting library, are no reason to train a model again.
    """
    installed = installed_packages()
    names = {pin.name.lower().replace("_", "-") for pin in read_lock()} if LOCK.exists() else {*installed}
    at_work = sorted((name, installed.get(name)) for name in names)
    return hashlib.sha256(json.dumps(at_work).encode()).hexdigest()[:16]


def code_versions() -> dict[str, str]:
    """Return all that is known of the code at work: Python, packages, and the git commit where there is one."""
    found = {"python": platform.python_version(), **installed_versions(), "git commit": git_commit()}
    return {name: version for name, version in found.items() if version}


def git_commit() -> str | None:
    """Return the commit of the checkout; None: it is not a repository, or there is no git."""
    return _git("rev-parse", "HEAD")


def git_changed() -> bool | None:
    """Return whether files of the checkout differ from its commit; None: it is not a repository, or there is no git."""
    said = _git("status", "--porcelain", "--untracked-files=no")
    return None if said is None else bool(said)


def committed_file(commit: str, name: str) -> bytes | None:
    """Return a file of the checkout as it was at a commit; None: not known here."""
    text = _git("show", f"{commit}:{name}")
    # git's output was stripped: the kit's own files end in one newline.
    return None if text is None else f"{text}\n".encode()


def _git(*arguments: str) -> str | None:
    try:
        command = ["git", "-C", str(CHECKOUT), *arguments]
        answer = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
