"""The plain values of the view of alerts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

DecideAlert: TypeAlias = Callable[[str, str, str, str, str], str]
"""Takes id, `acknowledge`, `mute` or `open`, name, reason and the last day of a mute; gives what was done, or raises an
error that tells why not."""


@dataclass(frozen=True)
class Alert:
    """One incident.

    Attributes:
        id: its name in decisions.
        state: `open`, `acknowledged` or `resolved`.
        severity: `warn`, or `fail` where it ends a batch.
        about: the data that it is in, such as `span 8`.
        check: the check that found it.
        subject: feature or slice; empty: all of the data.
        found: the finding, a sentence.
        expected: what it should have been.
        what_to_do: the way out.
        times: how often it was found.
        first_seen: seconds since 1970, UTC.
        last_seen: likewise.
        muted_until: likewise; 0: it is not muted.
        decided: who decided about it, when and why.
        notebook: address or name of the one that found it.
        picture: SVG, or empty.
        rows: some rows at fault, every column as text.
    """

    id: str
    state: Literal["open", "acknowledged", "resolved"]
    severity: str
    about: str
    check: str
    subject: str
    found: str
    expected: str = ""
    what_to_do: str = ""
    times: int = 1
    first_seen: float = 0.0
    last_seen: float = 0.0
    muted_until: float = 0.0
    decided: str = ""
    notebook: str = ""
    picture: str = ""
    rows: tuple[Mapping[str, str], ...] = field(default=())


def alert(record: Mapping[str, Any]) -> Alert:
    """Return an alert from a record whose keys are its fields."""
    return Alert(**{**record, "rows": tuple(record.get("rows", ()))})
