"""The axes of parallel coordinates: where a value lies on each, and which trials pass a filter."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from widgets.parts.formats import MISSING, number
from widgets.parts.language import say
from widgets.values.tuning import Search, Trial, Value

Brushes = Mapping[str, Sequence[float]]
"""For each axis that filters the lowest and the highest place that it lets through, 0 to 1."""


@dataclass(frozen=True)
class Axis:
    """One axis, from the bottom up.

    Attributes:
        name: the name of the search space, or the objective.
        choices: the values that it has, in order; empty: all numbers from `low` to `high`.
        low, high: the least and the greatest number; NaN where there is none.
        logarithmic: whether equal steps multiply.
    """

    name: str
    choices: tuple[Value, ...] = ()
    low: float = math.nan
    high: float = math.nan
    logarithmic: bool = False

    def place(self, value: Value | None) -> float | None:
        """The position of a value, from 0 at the bottom to 1; None: it has none."""
        if self.choices:
            if value not in self.choices:
                return None
            return self.choices.index(value) / (len(self.choices) - 1) if len(self.choices) > 1 else 0.5
        if not isinstance(value, int | float) or not math.isfinite(value):
            return None
        low, high, at = (self._scaled(one) for one in (self.low, self.high, float(value)))
        return (at - low) / (high - low) if high > low else 0.5

    def read(self, place: float) -> str:
        """The text of the value at a position."""
        if self.choices:
            return said(self.choices[round(place * (len(self.choices) - 1))])
        if math.isnan(self.low):
            return MISSING
        low, high = self._scaled(self.low), self._scaled(self.high)
        scaled = low + place * (high - low)
        return number(10**scaled if self._is_scaled else scaled)

    def between(self, low: float, high: float) -> str:
        """What a filter lets through: the ends of a range, or the choices within it."""
        if not self.choices:
            return say("{low} to {high}", low=self.read(low), high=self.read(high))
        inside = [said(one) for one in self.choices if low <= (self.place(one) or 0.0) <= high]
        return ", ".join(inside) or say("nothing")

    def ends(self) -> tuple[str, str]:
        """The texts of the lowest and the highest value."""
        return self.read(0.0), self.read(1.0)

    @property
    def _is_scaled(self) -> bool:
        return self.logarithmic and self.low > 0

    def _scaled(self, value: float) -> float:
        return math.log10(value) if self._is_scaled and value > 0 else value


def said(value: Value | None) -> str:
    """A value as a cell of a table."""
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return say("yes") if value else say("no")
    return value if isinstance(value, str) else number(value)


def axes_of(search: Search) -> list[Axis]:
    """An axis for each name of the search space, and the objective as the last one."""
    made = [
        Axis(
            name,
            tuple(choices),
            *_reach([trial.values.get(name) for trial in search.trials]),
            name in search.logarithmic,
        )
        for name, choices in search.axes.items()
    ]
    return [*made, Axis(search.objective, (), *_reach([trial.objective for trial in search.trials]))]


def value_on(axis: Axis, trial: Trial, objective: str) -> Value | None:
    """A trial's value on an axis."""
    return trial.objective if axis.name == objective else trial.values.get(axis.name)


def passes(trial: Trial, axes: Sequence[Axis], objective: str, brushes: Brushes) -> bool:
    """Whether every filter lets a trial through."""
    for axis in axes:
        brush = brushes.get(axis.name)
        place = axis.place(value_on(axis, trial, objective))
        if brush and (place is None or not brush[0] <= place <= brush[1]):
            return False
    return True


def _reach(values: Sequence[Value | None]) -> tuple[float, float]:
    numbers = [float(value) for value in values if isinstance(value, int | float) and math.isfinite(value)]
    return (min(numbers), max(numbers)) if numbers else (math.nan, math.nan)
