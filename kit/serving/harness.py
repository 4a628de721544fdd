"""One version on its way: from the folder into memory and out again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from kit.serving.errors import ServingError
from kit.serving.servable import Servable

Fingerprint = tuple[tuple[str, int, int], ...]


class State(StrEnum):
    """The states of ModelVersionStatus, by their names there."""

    START = "START"
    LOADING = "LOADING"
    AVAILABLE = "AVAILABLE"
    UNLOADING = "UNLOADING"
    END = "END"


class VersionStatus(NamedTuple):
    """What became of one version.

    Attributes:
        version: its number.
        state: where it is on its way from START to END.
        error: why it cannot be served, or None.
    """

    version: int
    state: State
    error: ServingError | None


@dataclass(eq=False)
class Harness:
    """A version, who uses it, and what went wrong.

    Attributes:
        name: of the model.
        version: its number.
        folder: that it is loaded from.
        state: see State.
        error: of the last attempt to load it.
        uses: requests that are being answered.
        failed_as: what the folder looked like at that attempt.
        wanted_back: whether it was asked for again while it still unloaded.
    """

    name: str
    version: int
    folder: Path
    state: State = State.START
    error: ServingError | None = None
    uses: int = 0
    failed_as: Fingerprint = ()
    wanted_back: bool = False

    servable: Servable = None  # type: ignore[assignment]  # is there while AVAILABLE or UNLOADING

    @property
    def status(self) -> VersionStatus:
        """What became of it until now."""
        return VersionStatus(self.version, self.state, self.error)

    def may_load_again(self, folder: Path) -> bool:
        """Tell whether loading is worth an attempt: it was unloaded before, or its broken files have changed."""
        if self.state != State.END:
            return False
        return self.error is None or fingerprint(folder) != self.failed_as


def fingerprint(folder: Path) -> Fingerprint:
    """Return what tells that files were changed: their names, sizes and times."""
    try:
        files = [(path, path.stat()) for path in sorted(folder.rglob("*")) if path.is_file()]
    except OSError:  # a file went away between the two looks: that is a change
        return ()
    return tuple((str(path), facts.st_size, facts.st_mtime_ns) for path, facts in files)
