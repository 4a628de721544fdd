"""The life of one version: from its folder into memory and out again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import grpc

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
    """The state of one version.

    Attributes:
        version: the version's number.
        state: its state between START and END.
        error: why it cannot be served, or None.
    """

    version: int
    state: State
    error: ServingError | None


@dataclass(eq=False)
class Harness:
    """A version, how many requests use it, and what went wrong.

    Attributes:
        name: the model's name.
        version: the version's number.
        folder: the folder that it is loaded from.
        state: see State.
        error: the error of the last attempt to load it.
        uses: how many requests it is answering.
        failed_as: the fingerprint of the folder at that attempt.
        wanted_back: whether it was wanted again while it was still unloading.
    """

    name: str
    version: int
    folder: Path
    state: State = State.START
    error: ServingError | None = None
    uses: int = 0
    failed_as: Fingerprint = ()
    wanted_back: bool = False

    servable: Servable = None  # type: ignore[assignment]  # set while AVAILABLE or UNLOADING

    @property
    def status(self) -> VersionStatus:
        """Its status now."""
        return VersionStatus(self.version, self.state, self.error)

    def may_load_again(self, folder: Path) -> bool:
        """Return whether to load it again: it was unloaded in order, or its broken files have changed."""
        if self.state != State.END:
            return False
        return self.error is None or fingerprint(folder) != self.failed_as


def check_available(broken: Mapping[str, Sequence[VersionStatus]]) -> None:
    """Refuse new models that have no version that takes traffic.

    Raises:
        ServingError: when they have versions, each with its error.
    """
    failed = [
        f"{{{{name: {name} version: {one.version}}} due to error: {one.error}}}"
        for name, versions in broken.items()
        for one in versions
    ]
    if failed:
        raise ServingError(
            grpc.StatusCode.UNKNOWN,
            f"{len(failed)} servable(s) did not become available: {{{', '.join(failed)}}}",
        )


def fingerprint(folder: Path) -> Fingerprint:
    """Return the names, sizes and times of a folder's files, which show whether any has changed."""
    try:
        files = [(path, path.stat()) for path in sorted(folder.rglob("*")) if path.is_file()]
    except OSError:  # a file vanished while the folder was read: that is a change
        return ()
    return tuple((str(path), facts.st_size, facts.st_mtime_ns) for path, facts in files)
