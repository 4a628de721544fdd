"""Curves over steps as inline SVG, several runs in one chart."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import TypeVar

from widgets.parts.charts import COLOURS, Size, colour, key
from widgets.parts.formats import number
from widgets.parts.language import say
from widgets.parts.markup import Markup, tag
from widgets.values.training import Points

_CHART = Size(400, 120)
_MOST_LINES = 12
_PLACES = 100  # positions along the axis, each with a curve's lowest and highest point
_DASHES = (None, "6 3", "2 2", "9 3 2 3")  # runs of one colour
_STROKES = ("", "dashes", "dots", "dashes-dots")  # the same in a legend
_Line = TypeVar("_Line")


def figure(
    name: str,
    runs: Mapping[str, Points],
    looks: Mapping[str, int],
    axis: str,
    read: Callable[[float], str] = number,
) -> Markup:
    """A chart with its name, the range of its values and that of its steps.

    Args:
        name: the name of what the curves show.
        runs: the points of each run.
        looks: the number of each run's colour, the same in all charts of a view.
        axis: what is counted along it, in the reader's language.
        read: formats a position on it.
    """
    steps, values = extent(runs)
    said = say(
        "{name} of {runs}: {first} to {last}",
        name=name,
        runs=", ".join(runs) or say("no run"),
        first=number(values[0]),
        last=number(values[1]),
    )
    return tag(
        "figure",
        tag("figcaption", tag("b", name)),
        tag("div", tag("span", number(values[1])), class_="axis"),
        _drawing(runs, looks, said),
        tag("div", tag("span", number(values[0])), class_="axis"),
        tag("div", tag("span", f"{axis} {read(steps[0])}"), tag("span", read(steps[1])), class_="axis"),
    )


def legend(looks: Mapping[str, int]) -> Markup:
    """The runs in the colours and dashes of their lines: two of one colour differ in nothing else."""
    return tag("p", [key(look, name, stroke(look)) for name, look in looks.items()], class_="legend")


def stroke(look: int) -> str:
    """The CSS classes of a line in a legend."""
    return f"line {_STROKES[look // COLOURS % len(_STROKES)]}"


def dashed(look: int) -> int:
    """Return the number of the same colour for a line of dashes."""
    return look % COLOURS + COLOURS


def grid(figures: Sequence[Markup]) -> Markup:
    """Charts side by side, as many as there is room for."""
    style = "display:grid;grid-template-columns:repeat(auto-fill,minmax(min(280px,100%),1fr));gap:18px 28px"
    return tag("div", figures, style=style)


def some_lines(lines: Sequence[_Line], is_kept: Callable[[_Line], bool]) -> list[_Line]:
    """As many lines as can be distinguished in one chart: the first ones, and those to keep wherever they are."""
    kept = [one for one in lines[_MOST_LINES:] if is_kept(one)]
    return [*lines[: _MOST_LINES - len(kept)], *kept]


def extent(runs: Mapping[str, Points]) -> tuple[tuple[float, float], tuple[float, float]]:
    """The first and last step, and the least and greatest finite value; NaN where there is none."""
    points = [point for one in runs.values() for point in one]
    finite = [value for _, value in points if math.isfinite(value)]
    steps = [step for step, _ in points]
    return _ends(steps), _ends(finite)


def thinned(points: Points) -> Points:
    """Drop points that cannot be seen: of many in one place keep the lowest and the highest, so as to lose no peak."""
    if len(points) <= 2 * _PLACES:
        return points
    first, last = points[0][0], points[-1][0]
    width = (last - first) / _PLACES or 1.0
    kept: list[tuple[float, float]] = []
    for _, group in groupby(points, key=lambda point: int((point[0] - first) / width)):
        inside = list(group)
        finite = [point for point in inside if math.isfinite(point[1])]
        ends = {min(finite, key=_value), max(finite, key=_value)} if finite else {inside[0]}
        kept += sorted(ends)
    return kept if kept[-1] == points[-1] else [*kept, points[-1]]


def _drawing(runs: Mapping[str, Points], looks: Mapping[str, int], said: str) -> Markup:
    steps, values = extent(runs)
    across = _scale(steps, 0, _CHART.width)
    up = _scale(values, _CHART.height, 0)
    lines = [
        [_line(piece, across, up, looks[name]) for piece in _pieces(thinned(points))]
        for name, points in runs.items()
    ]
    return tag(
        "svg",
        lines,
        width=_CHART.width,
        # Hosts set the height of pictures by their width.
        style=f"height:{_CHART.height}px;border:solid var(--line);border-width:0 0 1px 1px",
        viewBox=f"0 0 {_CHART.width} {_CHART.height}",
        preserveAspectRatio="none",
        role="img",
        aria_label=said,
    )


def _line(piece: Points, across: Callable[[float], float], up: Callable[[float], float], look: int) -> Markup:
    """A part of a curve without gaps; a single point is a line of zero length with round ends."""
    places = " ".join(f"{across(step):.1f},{up(value):.1f}" for step, value in [*piece, piece[-1]])
    return tag(
        "polyline",
        points=places,
        class_=colour(look),
        style="fill:none;stroke:var(--series);stroke-width:1.8;stroke-linecap:round",
        stroke_dasharray=_DASHES[look // COLOURS % len(_DASHES)],
        vector_effect="non-scaling-stroke",
    )


def _pieces(points: Points) -> list[Points]:
    """A curve cut into parts at its non-finite values."""
    groups = groupby(points, key=lambda point: math.isfinite(point[1]))
    return [list(group) for finite, group in groups if finite]


def _scale(ends: tuple[float, float], start: float, stop: float) -> Callable[[float], float]:
    low, high = ends
    if not high > low:  # one value, or none: in the middle
        return lambda _: (start + stop) / 2
    return lambda value: start + (value - low) / (high - low) * (stop - start)


def _ends(values: Sequence[float]) -> tuple[float, float]:
    return (min(values), max(values)) if values else (math.nan, math.nan)


def _value(point: tuple[float, float]) -> float:
    return point[1]
