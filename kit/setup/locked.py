"""Read the dependencies of pyproject.toml and the pinned versions of requirements.lock."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
PYPROJECT = CHECKOUT / "pyproject.toml"
LOCK = CHECKOUT / "requirements.lock"
DIGEST_LABEL = "# Answers the dependencies with digest"

_PINNED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;]+)(?:\s*;\s*(?P<marker>.+?))?\s*$")


@dataclass(frozen=True)
class Pin:
    """One package of the lock; a name may come twice, with markers that exclude each other."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]


def read_pyproject() -> dict[str, Any]:
    return tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))


def read_lock() -> list[Pin]:
    """Return the packages in the lock's order.

    Raises:
        ValueError: at a line that is neither a pinned package nor a comment.
    """
    text = re.sub(r"\s*\\\n\s*", " ", LOCK.read_text(encoding="utf-8"))
    lines = (line.strip() for line in text.splitlines())
    return [_read_pin(line) for line in lines if line and not line.startswith("#")]


def _read_pin(line: str) -> Pin:
    requirement, *hashes = line.split(" --hash=")
    found = _PINNED.match(requirement)
    if found is None:
        raise ValueError(f"requirements.lock: expected name==version, found {line!r}. Run `make lock`.")
    return Pin(found["name"], found["version"], found["marker"] or "", tuple(word.strip() for word in hashes))


def read_digest() -> str:
    """Return the digest that the lock was made for, or "" when it names none."""
    for line in LOCK.read_text(encoding="utf-8").splitlines():
        if line.startswith(DIGEST_LABEL):
            return line.removeprefix(DIGEST_LABEL).strip()
    return ""


def dependency_digest(pyproject: dict[str, Any]) -> str:
    """Digest of all that decides what the lock holds; comments and order of tables do not count."""
    project = pyproject["project"]
    decisive = {
        "python": project["requires-python"],
        "dependencies": project["dependencies"],
        "groups": pyproject["dependency-groups"],
        "uv": pyproject["tool"]["uv"],
    }
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()
