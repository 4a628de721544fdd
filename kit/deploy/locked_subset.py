"""The part of requirements.lock that some packages need, with the same versions and hashes.

A server needs TensorFlow and gRPC, but neither JupyterLab nor Beam nor the tests. The lock itself says who needs whom
(`# via`), so that nothing is resolved anew and no index is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kit.errors import DeployError

_ENTRY = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==")
_VIA = re.compile(r"^\s+#\s+(?:via\s+)?(?P<name>[A-Za-z0-9._-]+)\s*$")


@dataclass(frozen=True)
class Entry:
    """One package of the lock: its lines as they are, and the packages that asked for it."""

    name: str
    lines: tuple[str, ...]
    asked_by: frozenset[str]


def subset(lock: str, roots: Iterable[str]) -> str:
    """Return the entries of some packages and of all that they need, in the lock's order.

    Args:
        lock: content of requirements.lock.
        roots: names of packages.

    Raises:
        DeployError: when the lock lacks one of them.
    """
    entries = read_entries(lock)
    wanted = set(roots)
    if missing := sorted(wanted - {entry.name for entry in entries}):
        raise DeployError(
            f"requirements.lock must have {', '.join(missing)}, but has not. Add it to pyproject.toml, and run "
            "`make lock`."
        )
    needs: dict[str, set[str]] = {}
    for entry in entries:
        for asking in entry.asked_by:
            needs.setdefault(asking, set()).add(entry.name)
    kept = _closure(wanted, needs)
    lines = [line for entry in entries if entry.name in kept for line in entry.lines]
    return "\n".join(
        [f"# Of requirements.lock: {', '.join(sorted(wanted))}, and what they need.", *lines, ""]
    )


def read_entries(lock: str) -> list[Entry]:
    """Return the packages of a lock; one may be there twice, with markers that exclude each other."""
    blocks: list[list[str]] = []
    for line in lock.splitlines():
        if _ENTRY.match(line):
            blocks.append([line])
        elif blocks and line.startswith(" "):
            blocks[-1].append(line)
    return [_entry(block) for block in blocks]


def _entry(block: list[str]) -> Entry:
    found = _ENTRY.match(block[0])
    name = found["name"] if found else ""
    asked_by = {via["name"] for line in block if (via := _VIA.match(line)) and via["name"] != "via"}
    return Entry(
        name, tuple(line for line in block if not line.lstrip().startswith("#")), frozenset(asked_by)
    )


def _closure(roots: set[str], needs: Mapping[str, set[str]]) -> set[str]:
    found, new = set(roots), set(roots)
    while new:
        new = set().union(*(needs.get(name, set()) for name in new)) - found
        found |= new
    return found
