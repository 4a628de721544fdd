"""Rows of a load sweep: a batching setting, how much it answers in time, and what that costs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from widgets.parts.formats import MISSING, number
from widgets.parts.language import marked, say
from widgets.parts.markup import Markup, tag
from widgets.parts.tables import listing
from widgets.values.load import Point, Sweep

WANTED = marked("p99 wanted, dashed")
_TITLES = (
    *(marked("Setting"), marked("Rows"), marked("Wait, ms"), marked("Threads")),
    *(
        marked("Answered in time, per second"),
        marked("p99 as wanted, ms"),
        marked("Processor, ms"),
        marked("Errors"),
    ),
)


@dataclass(frozen=True)
class Setting:
    """One setting and what was measured of it.

    Attributes:
        name: its name.
        parameters: the parameters of batching; empty: it does not batch.
        points: the points, by rising rate.
        there: the point at the wanted rate; None: not tried at that rate.
        in_time: the most answers per second within the wanted p99 and without errors; NaN: none.
        chosen: whether it is the chosen one.
        place: its index among all.
        meets: whether it does what is wanted at the wanted rate or above.
    """

    name: str
    parameters: Mapping[str, Any]
    points: tuple[Point, ...]
    there: Point | None
    in_time: float
    chosen: bool
    place: int
    meets: bool

    @property
    def serves_plainly(self) -> bool:
        """Whether it does what is wanted without batching."""
        return self.meets and not self.parameters


def settings_of(sweep: Sweep) -> list[Setting]:
    """Return the settings that were measured, in the order of the sweep."""
    names = list(dict.fromkeys(point.setting for point in sweep.points))
    return [_setting(sweep, name, place) for place, name in enumerate(names)]


def _setting(sweep: Sweep, name: str, place: int) -> Setting:
    target = sweep.target
    points = tuple(
        sorted((each for each in sweep.points if each.setting == name), key=lambda each: each.offered)
    )
    good = [each.rate for each in points if not each.errors and each.p99_ms <= target.p99_ms]
    return Setting(
        name,
        sweep.settings.get(name, {}),
        points,
        next((each for each in points if each.offered >= target.rate), None),
        max(good, default=math.nan),
        name == sweep.chosen,
        place,
        any(
            each.offered >= target.rate and not each.errors and each.p99_ms <= target.p99_ms
            for each in points
        ),
    )


def table(rows: Sequence[Markup]) -> Markup:
    """The rows below a header."""
    return listing(map(say, _TITLES), rows, say("Settings"), class_="slices")


def row(one: Setting) -> Markup:
    """A setting as a row."""
    there = one.there or (one.points[-1] if one.points else None)
    parameters = [
        _told(one.parameters.get("max_execution_batch_size") or one.parameters.get("max_batch_size")),
        _told(one.parameters.get("batch_timeout_micros"), 1000),
        _told(one.parameters.get("num_batch_threads")),
    ]
    measured = [
        number(round(one.in_time)) if math.isfinite(one.in_time) else MISSING,
        number(one.there.p99_ms) if one.there and math.isfinite(one.there.p99_ms) else MISSING,
        number(there.processor_ms) if there and math.isfinite(there.processor_ms) else MISSING,
        number(sum(point.errors for point in one.points)),
    ]
    name = tag("b", f"✓ {one.name}", class_="good") if one.chosen else one.name
    cells = [tag("td", value, class_="number") for value in [*parameters, *measured]]
    return tag("tr", tag("th", name, scope="row"), cells)


def _told(value: Any, parts: int = 1) -> str:
    return number(value / parts) if isinstance(value, int | float) else MISSING
