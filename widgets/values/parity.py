"""The plain values of the view of parity."""

from __future__ import annotations

from typing import Protocol


class Difference(Protocol):
    """How far a feature or the score of one way is from training's; `row`, `expected` and `found` only if it is not ok.

    `largest` is the largest difference of any row, or the number of differing texts; `bound` is its limit.
    """

    @property
    def way(self) -> str: ...
    @property
    def value(self) -> str: ...
    @property
    def largest(self) -> float: ...
    @property
    def bound(self) -> float: ...
    @property
    def row(self) -> int | None: ...
    @property
    def expected(self) -> str: ...
    @property
    def found(self) -> str: ...
    @property
    def ok(self) -> bool: ...
