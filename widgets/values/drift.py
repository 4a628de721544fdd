"""The plain values of monitoring views: distances of features by day, and how good answers were."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Protocol


class DriftFeature(Protocol):
    """How far one feature was from something, day by day; the attributes are described where it is made.

    `distances` has a list per comparison, with a value per day; None: nothing could be compared. `limits` has the limit
    of each.
    """

    @property
    def name(self) -> str: ...
    @property
    def measure(self) -> str: ...
    @property
    def threshold(self) -> float: ...
    @property
    def distances(self) -> Mapping[str, Sequence[float | None]]: ...
    @property
    def limits(self) -> Mapping[str, Sequence[float | None]]: ...


class Estimate(Protocol):
    """A value with its interval; NaN: not known."""

    @property
    def value(self) -> float: ...
    @property
    def lower(self) -> float: ...
    @property
    def upper(self) -> float: ...


class QualityDay(Protocol):
    """One day: counts of rows by outcome, and metrics by name."""

    @property
    def day(self) -> dt.date: ...
    @property
    def counts(self) -> Mapping[str, int]: ...
    @property
    def metrics(self) -> Mapping[str, Estimate]: ...
