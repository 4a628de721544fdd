"""The plain values of the profile view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Operation(Protocol):
    """An operation of the graph, or a kernel that a compiler made of those in `fused`; times are those of one step."""

    @property
    def name(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def times(self) -> float: ...
    @property
    def microseconds(self) -> float: ...
    @property
    def fused(self) -> Sequence[str]: ...


class Profile(Protocol):
    """The mean of some steps, in microseconds; `waiting` is the part in which a step waits for its batch."""

    @property
    def steps(self) -> int: ...
    @property
    def microseconds(self) -> float: ...
    @property
    def waiting(self) -> float: ...
    @property
    def producing(self) -> float: ...
    @property
    def input_share(self) -> float: ...
    @property
    def operations(self) -> Sequence[Operation]: ...
    @property
    def kernels(self) -> Sequence[Operation]: ...
