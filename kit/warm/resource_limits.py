"""The limits of a process's resources (`ulimit`): a child gets those of whoever asks for it, not its parent's."""

from __future__ import annotations

import resource
from collections.abc import Mapping, Sequence
from contextlib import suppress

_NAMES = tuple(name for name in dir(resource) if name.startswith("RLIMIT_"))


def current_limits() -> dict[str, tuple[int, int]]:
    """Return the soft and the hard limit of each resource of this process; -1: none."""
    return {name: resource.getrlimit(getattr(resource, name)) for name in _NAMES}


def set_limits(limits: Mapping[str, Sequence[int]]) -> None:
    """Give this process these limits, as far as it may."""
    for name, (soft, hard) in limits.items():
        with suppress(OSError, ValueError):  # no process may exceed what its container allows
            resource.setrlimit(getattr(resource, name), (soft, hard))
