"""One SVG scatter chart per swept parameter: which parameter matters, and where its best value is."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from kit.batch.parameters import Value

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _EDGE = 320, 190, 62, 34, 12  # pixels
_ROOM = 0.06  # margin beyond the extremes, relative to their distance
_MOST_NAMES = 8  # values under an axis
_LETTER = 6.5  # approximate pixels per value there


@dataclass(frozen=True)
class Dot:
    """One point: the value of a parameter, the metric, its tip, and `best` or `stopped`."""

    value: Value
    found: float
    said: str
    look: str = ""


def scatter(name: str, dots: Sequence[Dot], metric: str, *, logarithmic: bool = False) -> str:
    """Return a figure of a metric over the values of a parameter.

    Args:
        name: the name of the parameter.
        dots: the points; the best one is drawn last, over the others.
        metric: its name.
        logarithmic: whether equal factors are equal distances.
    """
    places = _places([dot.value for dot in dots], logarithmic=logarithmic)
    scale = _Scale.of([dot.found for dot in dots])
    last = sorted(dots, key=lambda dot: dot.look == "best")
    drawn = "".join(_circle(dot, _across(places[dot.value]), scale.up(dot.found)) for dot in last)
    title = f"{metric} over {name}"
    return (
        f'<figure><figcaption>{html.escape(title)}</figcaption><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{html.escape(title)}">{_frame(scale)}{_names(places)}{drawn}</svg></figure>'
    )


def _places(values: Sequence[Value], *, logarithmic: bool) -> dict[Value, float]:
    """Return the position of each value, 0 to 1: numbers by size, anything else side by side."""
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) < len(values):
        names = list(dict.fromkeys(values))
        return {name: (place + 0.5) / len(names) for place, name in enumerate(names)}
    sizes = {value: math.log(value) if logarithmic and value > 0 else float(value) for value in numbers}
    low, high = min(sizes.values()), max(sizes.values())
    return {value: (size - low) / (high - low) if high > low else 0.5 for value, size in sizes.items()}


@dataclass(frozen=True)
class _Scale:
    """The upright axis, from the least to the greatest value, with some room beyond both."""

    least: float
    greatest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        return cls(min(values), max(values))

    def up(self, value: float) -> float:
        room = (self.greatest - self.least) * _ROOM or abs(self.greatest) * _ROOM or 1.0
        part = (value - self.least + room) / (self.greatest - self.least + 2 * room)
        return _HEIGHT - _BOTTOM - part * (_HEIGHT - _BOTTOM - _EDGE)


def _across(part: float) -> float:
    return _LEFT + _EDGE + part * (_WIDTH - _LEFT - 2 * _EDGE)


def _circle(dot: Dot, x: float, y: float) -> str:
    look = f' class="{dot.look}"' if dot.look else ""
    radius = 6 if dot.look == "best" else 4
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}"{look}><title>{html.escape(dot.said)}</title></circle>'


def _frame(scale: _Scale) -> str:
    bottom = _HEIGHT - _BOTTOM
    middle = (scale.least + scale.greatest) / 2
    ticks = "".join(
        f'<line x1="{_LEFT}" x2="{_WIDTH}" y1="{scale.up(tick):.1f}" y2="{scale.up(tick):.1f}"/>'
        f'<text x="{_LEFT - 6}" y="{scale.up(tick) + 4:.1f}" text-anchor="end">{tick:.4g}</text>'
        for tick in dict.fromkeys((scale.least, middle, scale.greatest))
    )
    return f'{ticks}<line class="axis" x1="{_LEFT}" x2="{_WIDTH}" y1="{bottom}" y2="{bottom}"/>'


def _names(places: Mapping[Value, float]) -> str:
    known = sorted(places.items(), key=lambda pair: pair[1])
    asked = known if len(known) <= _MOST_NAMES else [known[0], known[len(known) // 2], known[-1]]
    shown: list[tuple[str, float, float]] = []  # text, centre, half of its width
    # The ends come first, so that they are never covered.
    for value, part in dict.fromkeys([asked[0], asked[-1], *asked]):
        name = short(value)
        half = len(name) * _LETTER / 2
        middle = min(_across(part), _WIDTH - half)
        if all(abs(middle - other) > half + its_half + _LETTER for _, other, its_half in shown):
            shown.append((name, middle, half))
    return "".join(
        f'<text x="{middle:.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{html.escape(name)}</text>'
        for name, middle, _ in sorted(shown, key=lambda one: one[1])
    )


def short(value: Value) -> str:
    """Return a value as a person writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.5g}" if isinstance(value, float) else str(value)
