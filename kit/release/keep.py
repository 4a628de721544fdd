"""Keep the newest versions of a model, and remove the others."""

from __future__ import annotations

import shutil
from pathlib import Path

from kit.release import history
from kit.release.models_config import configs_of, labels_of
from kit.release.versions import PART, Version, list_versions, lock


def prune(base: Path, keep: int) -> list[int]:
    """Remove all but the last versions, withdrawn ones among them; return those that were removed.

    Never removed are the served one, those that models.config names, and the newest that is blessed.

    Raises:
        VersionError: when models.config cannot be read.
    """
    with lock(base):
        versions = list_versions(base)
        protected = _protected(base, versions)
        extra = [one for one in versions[keep:] if one.number not in protected]
        for one in extra:
            # A version disappears at once; what cannot be removed now is removed with the next push.
            part = base / f".{one.number}{PART}"
            one.folder.rename(part)
            shutil.rmtree(part, ignore_errors=True)
        if extra:
            history.note(base, "remove", versions=[one.number for one in extra], keep=keep)
    return [one.number for one in extra]


def _protected(base: Path, versions: list[Version]) -> set[int]:
    seen = [one for one in versions if one.state != "withdrawn"]
    newest_blessed = [one.number for one in seen if one.blessed][:1]
    named = {
        number for config in configs_of(base) for number in config.model_version_policy.specific.versions
    }
    return {*newest_blessed, *named, *labels_of(base).values(), *(one.number for one in seen[:1])}


def remove_leftovers(base: Path) -> None:
    """Remove what a killed push or removal left behind, as far as that goes; only one push runs at a time."""
    for leftover in base.glob(f".*{PART}"):
        shutil.rmtree(leftover, ignore_errors=True)
