"""The plain values of the attention view."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol


class Place(Protocol):
    """One item in the past of an example, and its share of the attention, 0 to 1."""

    @property
    def name(self) -> str: ...
    @property
    def group(self) -> str: ...
    @property
    def weight(self) -> float: ...


class Example(Protocol):
    """What was scored, its outcome, and what it was compared with, the latest first."""

    @property
    def candidate(self) -> str: ...
    @property
    def group(self) -> str: ...
    @property
    def score(self) -> float: ...
    @property
    def label(self) -> float: ...
    @property
    def about(self) -> Mapping[str, str]: ...
    @property
    def past(self) -> Sequence[Place]: ...
