"""Which versions in a model's folder should be served: latest n, specific ones, or all.

Source: tensorflow_serving/sources/storage_path/file_system_storage_path_source.cc.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_LOG = logging.getLogger(__name__)
_LARGEST = (1 << 63) - 1  # versions are int64


def versions_in(base: Path) -> dict[int, Path]:
    """Return the folders of a model by version; names that are not numbers are left out.

    Raises:
        OSError: when the folder cannot be read.
    """
    numbers = [(int(path.name), path) for path in sorted(base.iterdir()) if _is_version(path)]
    return dict(numbers)


def _is_version(path: Path) -> bool:
    return (
        path.name.isascii()
        and path.name.isdigit()
        and len(path.name) <= len(str(_LARGEST))
        and int(path.name) <= _LARGEST
        and path.is_dir()
    )


class Folders:
    """The models' folders as a server looks at them again and again; what is wrong is logged when it begins."""

    def __init__(self) -> None:
        self._wrong: dict[str, str] = {}

    def aspired(self, config: Any) -> dict[int, Path] | None:
        """Return the existing versions that a ModelConfig's policy wants; without a policy, that is the latest.

        None where the folder cannot be read: then nothing is known, and loaded versions should stay.
        """
        policy = config.model_version_policy
        try:
            found = versions_in(Path(config.base_path))
        except OSError as error:
            self._tell(config.name, f"The versions of {config.name} cannot be looked for: {error}")
            return None
        missing = sorted(set(policy.specific.versions) - set(found))
        named = f"Versions {missing} of {config.name}, which its policy names, are not in {config.base_path}."
        self._tell(config.name, named if missing else "")
        return {version: found[version] for version in wanted(policy, found)}

    def _tell(self, model: str, wrong: str) -> None:
        if wrong and wrong != self._wrong.get(model):
            _LOG.warning(wrong)
        self._wrong[model] = wrong


def wanted(policy: Any, found: Iterable[int]) -> list[int]:
    """Return those of the existing versions that a ServableVersionPolicy wants, the lowest first."""
    match policy.WhichOneof("policy_choice"):
        case "all":
            return sorted(found)
        case "specific":
            return sorted(set(found).intersection(policy.specific.versions))
        case _:
            return sorted(found)[-max(policy.latest.num_versions, 1) :]
