"""Why the warm process cannot serve; callers then start a new interpreter and say so."""

from __future__ import annotations

from kit.errors import KitError


class WarmUnavailableError(KitError):
    """The warm process cannot be used here or now.

    Args:
        expected: the condition that had to hold.
        found: what was found.
        remedy: what the user can do about it.
    """

    def __init__(self, expected: str, found: str, remedy: str) -> None:
        super().__init__(expected, found, remedy)
        self.expected, self.found, self.remedy = expected, found, remedy

    def __str__(self) -> str:
        return f"To use the warm process, {self.expected}; but {self.found}. To change that, {self.remedy}."
