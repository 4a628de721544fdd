"""The versions of the code at work: installed packages, and the commit of the checkout."""

from __future__ import annotations

import platform
import subprocess
from importlib import metadata

from kit.workspace import CHECKOUT

_TOLD = ("notebook-mlops-kit", "tensorflow", "tfx", "papermill")


def installed_versions() -> dict[str, str | None]:
    """Return the versions of the packages that results depend on; None: not installed."""
    return {name: _version(name) for name in _TOLD}


def code_versions() -> dict[str, str]:
    """Return all that is known of the code at work: Python, packages, and the git commit where there is one."""
    found = {"python": platform.python_version(), **installed_versions(), "git commit": git_commit()}
    return {name: version for name, version in found.items() if version}


def git_commit() -> str | None:
    """Return the commit of the checkout; None: it is none, or there is no git."""
    return _git("rev-parse", "HEAD")


def git_changed() -> bool | None:
    """Return whether files of the checkout differ from its commit; None: it is none, or there is no git."""
    said = _git("status", "--porcelain", "--untracked-files=no")
    return None if said is None else bool(said)


def committed_file(commit: str, name: str) -> bytes | None:
    """Return a file of the checkout as it was at a commit; None: it is not known here."""
    text = _git("show", f"{commit}:{name}")
    # What git prints was stripped: the kit's own files end in one new line.
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
