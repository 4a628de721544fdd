"""Branch a workspace: a copy that starts with all results of the first and diverges from there.

Artifacts and pushed models are never written to once they are made, so a branch shares their bytes by hard links; the
rest is copied. Absolute paths in it become those of the branch (see `kit.moved_workspace`).
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from kit.moved_workspace import copy_metadata, moving_config
from kit.texts import Say
from kit.workspace import Workspace, rewrite
from kit.workspace_folders import (
    ARTIFACTS,
    LABELS,
    MODELS_CONFIG,
    PREDICTIONS,
    PROJECTS,
    SCHEMAS,
    SERVING,
    STATISTICS,
)

_LINKED = (ARTIFACTS, SERVING, PREDICTIONS, LABELS)
_COPIED = (PROJECTS, SCHEMAS, STATISTICS)
# Files that are written in place or replaced: each branch has its own.
_GROWING = re.compile(r"^\.|\.(jsonl|config|yml|yaml|sqlite)$")


def branch(source: Workspace, target: Path, say: Say = print) -> None:
    """Make a branch; it appears atomically.

    No step runs in the source meanwhile, so that everything that ML Metadata names exists.

    Raises:
        OSError: when something cannot be read or written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    try:
        with source.lock("step", f"branching into {target}", say=say):
            for name in _LINKED + _COPIED:
                if (source.path / name).is_dir():
                    how = _link_or_copy if name in _LINKED else shutil.copy2
                    shutil.copytree(source.path / name, unfinished / name, copy_function=how, symlinks=True)
            if source.metadata_path.exists():
                copy = unfinished / source.metadata_path.name
                copy_metadata(source.metadata_path, copy, source.path, target)
            rewrite(unfinished / SERVING / MODELS_CONFIG, moving_config(str(source.path), str(target)))
        unfinished.chmod(0o755)
        unfinished.rename(target)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def _link_or_copy(source: str, target: str) -> None:
    if not _GROWING.search(Path(source).name):
        with suppress(OSError):  # another file system, or one without hard links
            os.link(source, target, follow_symlinks=False)
            return
    shutil.copy2(source, target)
