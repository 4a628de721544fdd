"""The plain values of the gate simulator."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

Write: TypeAlias = Callable[[Sequence[float]], str]
"""Takes a value for each threshold; gives the gates as lines for the project's file."""


class SimulatedThreshold(Protocol):
    """A threshold of the project: `kind` says how it is meant, `slice_name` which rows it is for."""

    @property
    def metric(self) -> str: ...
    @property
    def slice_name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def threshold(self) -> float: ...


class Decisive(Protocol):
    """What decides a threshold in a run: the `value` of the worst `slice`, where there is one.

    Without a value, `met` holds wherever the threshold is (None: not known), and `note` says why.
    """

    @property
    def value(self) -> float | None: ...
    @property
    def met(self) -> bool | None: ...
    @property
    def slice(self) -> str: ...
    @property
    def note(self) -> str: ...


class SimulatedRun(Protocol):
    """One evaluation, with what decides each threshold, in their order."""

    @property
    def name(self) -> str: ...
    @property
    def when(self) -> dt.datetime: ...
    @property
    def blessed(self) -> bool | None: ...
    @property
    def found(self) -> Sequence[Decisive]: ...


AT_MOST = "at most"


def is_met(threshold: SimulatedThreshold, at: float, found: Decisive) -> bool | None:
    """Return whether a moved threshold is met; a value exactly at it meets it. None: not known."""
    if found.value is None:
        return found.met
    return found.value <= at if threshold.kind == AT_MOST else found.value >= at


def passes(thresholds: Sequence[SimulatedThreshold], at: Sequence[float], run: SimulatedRun) -> bool | None:
    """Return whether a run meets all moved thresholds; None: not known."""
    verdicts = [is_met(*each) for each in zip(thresholds, at, run.found, strict=True)]
    if False in verdicts:
        return False
    return None if None in verdicts else True
