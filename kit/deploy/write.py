"""Write files into a folder, all or none; what somebody edited there is shown, and replaced only on request."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kit.errors import DeployError
from kit.workspace import write_atomically

_MOST_LINES = 60  # of a difference shown


class FilesDifferError(DeployError):
    """Files are there already with another content; none was written.

    Args:
        folder: the folder that they are in.
        names: their names.
        difference: the diff from what is there to what would be written.
    """

    def __init__(self, folder: str, names: tuple[str, ...], difference: str) -> None:
        super().__init__(folder, names, difference)
        self.folder, self.names, self.difference = folder, names, difference

    def __str__(self) -> str:
        lines = self.difference.splitlines()
        rest = len(lines) - _MOST_LINES
        shown = (
            [*lines[:_MOST_LINES], "… and 1 line more" if rest == 1 else f"… and {rest} lines more"]
            if rest > 0
            else lines
        )
        are = "is" if len(self.names) == 1 else "are"
        told = (
            f"{self.folder} must be empty or hold what would be written, but {', '.join(self.names)} {are} different, "
            "as shown. Nothing was written. Put what you changed there into project.yml, or replace the files with "
            "--force."
        )
        return "\n".join([*shown, told])


@dataclass(frozen=True)
class Written:
    """The outcome for each file.

    Attributes:
        folder: the folder that they are in.
        new: files that were not there.
        changed: files that had another content.
        removed: files that are no longer part of the deployment.
        same: files that had this content already.
    """

    folder: Path
    new: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    same: tuple[str, ...]

    @property
    def message(self) -> str:
        parts = {"new": self.new, "changed": self.changed, "removed": self.removed, "as before": self.same}
        told = "; ".join(f"{word}: {', '.join(names)}" for word, names in parts.items() if names)
        return f"{self.folder}: {told}."


def write_files(folder: Path, files: Mapping[str, str | None], *, force: bool = False) -> Written:
    """Write files, each whole.

    Args:
        folder: is made when it is missing.
        files: contents by name; None for one that must not be there.
        force: replace files with another content.

    Raises:
        FilesDifferError: when there are such files and `force` is off.
        DeployError: when the folder is a file, or a file there cannot be read.
    """
    if folder.exists() and not folder.is_dir():
        raise DeployError(f"{folder} must be a folder, but is a file. Choose another with --out.")
    before = {name: _read(folder / name) for name in files}
    differing = tuple(name for name in files if before[name] is not None and before[name] != files[name])
    if differing and not force:
        shown = "".join(_difference(name, before[name] or "", files[name] or "") for name in differing)
        raise FilesDifferError(str(folder), differing, shown)
    for name, content in files.items():
        if content is None:
            (folder / name).unlink(missing_ok=True)
        elif content != before[name]:
            write_atomically(folder / name, content)
    return Written(
        folder,
        new=tuple(name for name in files if before[name] is None and files[name] is not None),
        changed=tuple(name for name in differing if files[name] is not None),
        removed=tuple(name for name in differing if files[name] is None),
        same=tuple(name for name in files if files[name] is not None and before[name] == files[name]),
    )


def _read(path: Path) -> str | None:
    try:
        return path.read_text()
    except FileNotFoundError:
        return None
    except (IsADirectoryError, UnicodeDecodeError) as error:
        raise DeployError(f"{path} must be a text file or not there, but: {error}. Move it away.") from None


def _difference(name: str, before: str, after: str) -> str:
    lines = difflib.unified_diff(
        before.splitlines(keepends=True),
        after.splitlines(keepends=True),
        f"{name} (there)",
        f"{name} (would be written)",
    )
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)
