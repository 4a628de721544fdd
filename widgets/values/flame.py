"""The plain values of the flame view: what ran, with all that it called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol


class Frame(Protocol):
    """A bar; `kinds` has its seconds by kind, those of its children included."""

    @property
    def name(self) -> str: ...
    @property
    def seconds(self) -> float: ...
    @property
    def kinds(self) -> Mapping[str, float]: ...
    @property
    def children(self) -> Sequence[Frame]: ...
