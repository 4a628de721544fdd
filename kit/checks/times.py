"""Do the rows of a span lie in its time? Yesterday's rows in today's file fit every schema and distribution."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kit.checks.check import Finding, judged_data, wrong
from kit.checks.config import Severity
from kit.checks.rows import SHOWN_ROWS, Rows
from kit.data.example_gen import SPLITS
from kit.project.file import Column
from kit.units import ticks_per_second

NAME, FRESHNESS = "times", "freshness"
_TRUSTED = 0.001  # share of rows that come a little late, or early, in any delivery
_SLACK = 1.1  # beyond the row of train that is farthest from the middle of its span
_FEWEST_SPANS = 2


class _Extent(NamedTuple):
    """The extent of the times of a span, without the tolerated share at either end."""

    low: float
    middle: float
    high: float

    @property
    def reach(self) -> float:
        return max(self.high - self.middle, self.middle - self.low)


class Times:
    """Looks in eval for rows farther from the middle of their span than in train, or in the time of a span of train.

    Only where the spans of train follow each other in time; otherwise it just says so. Memory: 8 bytes per row.

    Args:
        name: the name of the column with the time.
        column: the column of kind timestamp, in any unit, or date.
        label_of: returns what people call a span.
        severity: the severity of what is found.
    """

    def __init__(self, name: str, column: Column, label_of: Callable[[int], str], severity: Severity) -> None:
        self._name, self._column, self._label_of, self.severity = name, column, label_of, severity
        self._times: dict[str, defaultdict[int | None, list[NDArray[np.float64]]]] = {
            split: defaultdict(list) for split in SPLITS
        }
        self._rows: defaultdict[int | None, list[dict[str, str]]] = defaultdict(list)
        self._known: list[_Extent] | None = None

    def add(self, split: str, rows: Rows) -> None:
        times = rows.times(self._name, self._column)
        if split == SPLITS[1] and len(self._rows[rows.span]) < SHOWN_ROWS:
            self._known = self._known or self._extents()
            wanted = SHOWN_ROWS - len(self._rows[rows.span])
            self._rows[rows.span] += rows.texts(np.flatnonzero(_inside(times, self._known))[:wanted])
        self._times[split][rows.span].append(times[np.isfinite(times)])

    def findings(self) -> list[Finding]:
        known = self._extents()
        follow = all(one.high < after.low for one, after in pairwise(sorted(known)))
        if len(known) < _FEWEST_SPANS or not follow:
            return [Finding(NAME, f"not checked: no spans of train that follow {self._name}", "skip")]
        reach = _SLACK * max(one.reach for one in known)
        judged = {span: _joined(parts) for span, parts in self._times[SPLITS[1]].items()}
        found = [self._finding(span, times, known, reach) for span, times in judged.items() if len(times)]
        return [one for one in found if one] or [Finding(NAME, f"{self._name}: each span has its own", "ok")]

    def newest(self) -> float | None:
        """Return the newest time of eval as seconds since 1970."""
        parts = [part for parts in self._times[SPLITS[1]].values() for part in parts if len(part)]
        return in_seconds(max(float(part.max()) for part in parts)) if parts else None

    def _extents(self) -> list[_Extent]:
        times = [_joined(parts) for parts in self._times[SPLITS[0]].values()]
        wanted = [_TRUSTED, 0.5, 1 - _TRUSTED]
        return [_Extent(*np.quantile(one, wanted).tolist()) for one in times if len(one)]

    def _finding(
        self, span: int | None, times: NDArray[np.float64], known: Sequence[_Extent], reach: float
    ) -> Finding | None:
        middle = float(np.median(times))
        at_fault = (np.abs(times - middle) > reach) | _inside(times, known)
        count = int(at_fault.sum())
        if count <= _TRUSTED * len(times):
            return None
        what = judged_data(span, self._label_of)
        examples = f"{_text(times[at_fault].min())} to {_text(times[at_fault].max())}"
        return Finding(
            NAME,
            f"{self._name}: {count:,} of {len(times):,} rows of {what} ({count / len(times):.2%}) are of another time, "
            f"{examples}",
            wrong(self.severity),
            "See whether rows of another day were delivered with it, or the day was delivered late or twice.",
            subject=self._name if span is None else f"{self._name}, {what}",
            value=count / len(times),
            expected=f"from {_text(middle - reach)} to {_text(middle + reach)}, and in no other span",
            rows=tuple(self._rows[span]),
        )


def freshness(newest: float | None, as_of: dt.date, days: float, severity: Severity) -> Finding:
    """Say whether the newest row is from the last days before a date.

    Args:
        newest: time of the newest row, seconds since 1970; None: the rows have no time.
        as_of: the day on which the data are wanted, UTC.
        days: how old the newest row may be at the end of that day, in days.
        severity: the severity of what is found.
    """
    if newest is None:
        return Finding(FRESHNESS, "not checked: no column of kind timestamp or date has a value", "skip")
    end = dt.datetime.combine(as_of + dt.timedelta(days=1), dt.time(), dt.UTC).timestamp()
    age = (end - newest) / dt.timedelta(days=1).total_seconds()
    said = (
        f"the newest row is of {_text(newest)}, {max(age, 0):.1f} days before the end of {as_of.isoformat()}"
    )
    if age <= days:
        return Finding(FRESHNESS, said, "ok")
    what_to_do = "See whether a delivery is late; wait for it, or choose its spans."
    return Finding(
        FRESHNESS,
        said,
        wrong(severity),
        what_to_do,
        subject="newest row",
        value=age,
        expected=f"at most {days:g} days",
    )


def in_seconds(time: float) -> float:
    """Return a timestamp in seconds, whatever its unit."""
    return time / ticks_per_second(time)


def _joined(parts: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    return np.concatenate(parts) if parts else np.empty(0)


def _inside(times: NDArray[np.float64], extents: Sequence[_Extent]) -> NDArray[np.bool_]:
    """Return which times are within one of the extents; NaN is in none."""
    found = np.zeros(len(times), bool)
    for extent in extents:
        found |= (times >= extent.low) & (times <= extent.high)
    return found


def _text(time: float) -> str:
    return dt.datetime.fromtimestamp(in_seconds(float(time)), dt.UTC).strftime("%Y-%m-%d %H:%M")
