"""Where an execution ran and with which code, recorded when it begins, as it cannot be found out later.

It is stored with the context of the run, which belongs to this process alone, not with the execution: TFX compares all
properties of two executions before it takes a result from the cache, and a different host does not change the
result.
"""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from kit.reasons import user_name
from kit.steps.monitor import RUN_FOLDER_VARIABLE
from kit.versions import git_changed, git_commit, installed_packages, lock_digest
from kit.workspace import Workspace, write_atomically

PREFIX = "kit_"
"""Begins the names of what is recorded here, so that nothing of TFX's own is taken for it."""
COMMIT, HOST, USER, RUN, PACKAGES, LOCKED = (
    "code_commit",
    "host",
    "user",
    "run",
    "packages",
    "requirements.lock",
)
CHANGED = " with changes"  # suffix of a commit when the checkout had other changes
# A session's execution has a context of its own; a pipeline's has that of the whole run, which one process runs.
_RUNS = frozenset({"component_run", "pipeline_run"})


def origin(workspace: Workspace) -> dict[str, str]:
    """Return where this process runs and with which code; what is not known is left out.

    Keys: `code_commit`, `host`, `user`, `python`, `packages` (digest of a file in `environments/` of the workspace),
    `requirements.lock` (SHA-256), and `run`, the id of the batch if it is part of one.
    """
    facts = {**_of_process(), PACKAGES: _kept(workspace, installed_packages())}
    if folder := os.environ.get(RUN_FOLDER_VARIABLE):
        facts[RUN] = Path(folder).name
    return facts


def stamp(store: Any, execution_id: int, facts: Mapping[str, str]) -> None:
    """Record facts about an execution that has begun."""
    contexts = store.get_contexts_by_execution(execution_id)
    for context in contexts:
        if context.type in _RUNS:
            for name, value in facts.items():
                context.custom_properties[PREFIX + name].string_value = value
            store.put_contexts([context])


def packages_of(workspace: Workspace, digest: str) -> dict[str, str]:
    """Return the versions of the packages behind a digest; empty: they were not kept."""
    path = environment_file(workspace, digest)
    if not path.is_file():
        return {}
    return dict(line.split("==", 1) for line in path.read_text().splitlines())


@cache
def _of_process() -> Mapping[str, str]:
    """Return the facts of this process; cached, since a process keeps the code that it has imported."""
    commit = git_commit()
    known = {
        COMMIT: commit and commit + (CHANGED if git_changed() else ""),
        HOST: platform.node(),
        USER: user_name(),
        "python": platform.python_version(),
        LOCKED: lock_digest(),
    }
    return {name: value for name, value in known.items() if value}


def _kept(workspace: Workspace, packages: Mapping[str, str]) -> str:
    """Keep the list in the workspace once, however many executions refer to it; return its digest."""
    text = "".join(f"{name}=={version}\n" for name, version in sorted(packages.items()))
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    path = environment_file(workspace, digest)
    if not path.exists():
        write_atomically(path, text)
    return digest


def environment_file(workspace: Workspace, digest: str) -> Path:
    """Return where a workspace keeps the list of packages with a digest."""
    return workspace.path / "environments" / f"{digest}.txt"
