"""A check, a finding or a rule as a table row in the reader's language."""

from __future__ import annotations

from kit.translation.labels import label
from kit.translation.messages import parts_in_language

Row = tuple[str, str, str, str]


def row_of(name: str, found: str, state: str, what_to_do: str = "") -> Row:
    """Return a row for the view of checks: all but the state (`ok`, `skip`, …) in the reader's language."""
    return label(name), parts_in_language(found), state, parts_in_language(what_to_do)
