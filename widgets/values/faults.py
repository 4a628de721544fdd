"""The plain values of the fault lab: the faults, the result of one trial, and the smallest shares caught."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from widgets import records
from widgets.values.statistics import FeatureSummary


@dataclass(frozen=True)
class FaultChoice:
    """A fault: its name, what happens in practice, and the columns that it fits; none: it affects whole rows."""

    name: str
    what: str
    columns: Sequence[str] = ()


@dataclass(frozen=True)
class Said:
    """What one check says, and about what; `stops`: whether a batch would end with it."""

    check: str
    about: str
    found: str
    expected: str = ""
    stops: bool = False


@dataclass(frozen=True)
class Tried:
    """The outcome of a fault in a copy: the rows at fault, what the checks say, and the column before and after."""

    rows: int
    of: int
    days: str
    said: Sequence[Said]
    picture: FeatureSummary | None = None
    note: str = ""


@dataclass(frozen=True)
class Smallest:
    """The smallest share of rows at which a fault in a column is caught; None: not caught up to `most`.

    `why_not` says why the fault could not be tried.
    """

    fault: str
    column: str
    share: float | None
    rows: int
    of: int
    caught_by: Sequence[str]
    most: float
    why_not: str = ""


Inject: TypeAlias = Callable[[str, str, float, int], Mapping[str, Any]]
"""Takes a fault, a column, a share and a seed; gives a record of a try, whose `said` and `picture` are records."""

Search: TypeAlias = Callable[[str, str, int], Mapping[str, Any]]
"""Takes a fault, a column and a seed; gives a record of the smallest share."""


def tried(record: Mapping[str, Any]) -> Tried:
    """Return one try from a plain record."""
    picture = record.get("picture")
    said = [Said(**one) for one in record["said"]]
    return Tried(**{**record, "said": said, "picture": records.feature(picture) if picture else None})
