"""Small charts as inline SVG: shapes only, in the colours of the style sheet.

Text is HTML beside the SVG: where a host strips SVG from notebooks, only the shapes are lost.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from widgets.parts.formats import MISSING, share
from widgets.parts.language import say
from widgets.parts.markup import Markup, tag
from widgets.values.statistics import Histogram

_DECADES = 4  # shown by a logarithmic height
COLOURS = 6  # in the style sheet


@dataclass(frozen=True)
class Size:
    """Width and height in CSS pixels."""

    width: int
    height: int


@dataclass(frozen=True)
class Series:
    """A histogram with its name and the number of its colour."""

    name: str
    histogram: Histogram
    place: int = 0


def colour(index: int) -> str:
    """The CSS class that gives a series its colour."""
    return f"s{index % COLOURS + 1}"


def key(index: int, name: str, look: str = "") -> Markup:
    """A series' colour with its name, as in a legend; `look`: more classes of what has the colour."""
    return tag("span", tag("i", class_=f"{colour(index)} {look}".rstrip()), name, class_="key")


def overlay(  # noqa: PLR0913  what is drawn, and how it can be looked at
    series: Sequence[Series],
    size: Size,
    *,
    label: str,
    logarithmic: bool = False,
    marks: Sequence[float] = (),
    tips: Callable[[float], str] | None = None,
) -> Markup:
    """Histograms over one another, each as the density of its own values, so that splits of any size can be compared.

    Args:
        series: the histograms; later ones cover earlier ones.
        size: the size of the drawing.
        label: what the chart shows, for assistive technology.
        logarithmic: heights over four decades, which makes rare values visible.
        marks: places on the axis that get a vertical line, such as a threshold.
        tips: formats an edge; with it, every bucket shows its range and share under the pointer.
    """
    low, high = extent(series, marks)
    highest = max((max(_densities(one.histogram), default=0.0) for one in series), default=0.0)

    def across(value: float) -> float:
        return (value - low) / (high - low) * size.width

    def up(density: float) -> float:
        part = density / highest if highest else 0.0
        return size.height * (1 - (_logarithm(part) if logarithmic else part))

    shapes = [tag("path", d=_steps(one.histogram, across, up), class_=colour(one.place)) for one in series]
    lines = [
        tag("line", x1=_short(across(mark)), x2=_short(across(mark)), y1=0, y2=size.height, class_="mark")
        for mark in marks
    ]
    covers = _covers(series, across, size, tips) if tips else []
    return _drawing(size, label, [shapes, lines, covers])


def extent(series: Sequence[Series], marks: Sequence[float] = ()) -> tuple[float, float]:
    """The ends of the axis; a single value is in the middle of a range of 1."""
    places = [edge for one in series for edge in one.histogram.edges if math.isfinite(edge)]
    places += [mark for mark in marks if math.isfinite(mark)]
    low, high = min(places, default=0.0), max(places, default=1.0)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def whisker(  # noqa: PLR0913  a mark, its interval and the scale that it stands on
    value: float,
    lower: float,
    upper: float,
    *,
    low: float,
    high: float,
    size: Size,
    thresholds: Sequence[float],
) -> Markup:
    """A value with its interval on a scale, and each threshold as a line."""
    middle = size.height / 2

    def across(place: float) -> str:
        part = (place - low) / (high - low) if high > low else 0.5
        return _short(3 + min(max(part, 0.0), 1.0) * (size.width - 6))

    shapes = [
        tag("line", x1=across(threshold), x2=across(threshold), y1=0, y2=size.height, class_="mark")
        for threshold in thresholds
    ]
    if math.isfinite(lower) and math.isfinite(upper):
        shapes.append(tag("line", x1=across(lower), x2=across(upper), y1=middle, y2=middle))
    if math.isfinite(value):
        shapes.append(tag("circle", cx=across(value), cy=middle, r=3))
    return _drawing(size, None, shapes)


def _drawing(size: Size, label: str | None, shapes: Sequence[Markup | list[Markup]]) -> Markup:
    return tag(
        "svg",
        *shapes,
        width=size.width,
        style=f"height:{size.height}px",  # hosts set the height of pictures by their width
        viewBox=f"0 0 {size.width} {size.height}",
        preserveAspectRatio="none",
        role="img" if label else None,
        aria_label=label,
        aria_hidden=None if label else "true",
    )


def _steps(histogram: Histogram, across: Callable[[float], float], up: Callable[[float], float]) -> str:
    edges, densities = histogram.edges, _densities(histogram)
    if not densities:
        return ""
    if edges[0] == edges[-1]:  # a single value: a bar of a tenth of the axis, whose length is 1 here
        edges, densities = (edges[0] - 0.05, edges[0] + 0.05), [max(densities)]
    path = [f"M{_short(across(edges[0]))} {_short(up(0))}"]
    for edge, density in zip(edges[1:], densities, strict=True):
        path.append(f"V{_short(up(density))}H{_short(across(edge))}")
    return "".join([*path, f"V{_short(up(0))}"])


def _densities(histogram: Histogram) -> list[float]:
    """The share of values per unit of the axis; a bucket of zero width counts as a narrow one."""
    total = sum(histogram.counts)
    span = histogram.edges[-1] - histogram.edges[0]
    narrow = span / 200 if span > 0 else 1.0
    widths = (high - low for low, high in pairwise(histogram.edges))
    return [
        count / total / max(width, narrow) if total else 0.0
        for count, width in zip(histogram.counts, widths, strict=True)
    ]


def _covers(
    series: Sequence[Series], across: Callable[[float], float], size: Size, read: Callable[[float], str]
) -> list[Markup]:
    """Invisible bars between neighbouring edges of any series, which show the values of all under the pointer."""
    edges = sorted({edge for one in series for edge in one.histogram.edges})

    def between(low: float, high: float) -> str:
        return say("{low} to {high}", low=read(low), high=read(high))

    return [
        tag(
            "rect",
            x=_short(across(low)),
            y=0,
            width=_short(max(across(high) - across(low), 1)),
            height=size.height,
            class_="cover",
            data_tip=f"{between(low, high)}: {_shares_at((low + high) / 2, series)}",
        )
        for low, high in pairwise(edges)
    ]


def _shares_at(place: float, series: Sequence[Series]) -> str:
    """The share of each series' values in its bucket around a place."""
    parts = []
    for one in series:
        total = sum(one.histogram.counts)
        inside = [
            count
            for (low, high), count in zip(pairwise(one.histogram.edges), one.histogram.counts, strict=True)
            if low <= place < high
        ]
        parts.append(f"{one.name} {share(sum(inside) / total) if total else MISSING}")
    return ", ".join(parts)


def _logarithm(part: float) -> float:
    floor = 10.0**-_DECADES
    return math.log10(max(part, floor) / floor) / _DECADES


def _short(place: float) -> str:
    return f"{place:.1f}".removesuffix(".0")
