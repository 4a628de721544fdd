"""Bars of the flame view, each above those that it called, and a row for each kind of time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from widgets.parts import charts
from widgets.parts.formats import number, share
from widgets.parts.language import marked, say
from widgets.parts.markup import Markup, tag
from widgets.parts.tables import listing
from widgets.values.flame import Frame

_OTHER = marked("other")
# The kinds of time that have a colour; all others are grey.
_COLOURS = {
    marked("Beam execution"): 0,
    marked("imports"): 1,
    "I/O": 2,
    marked("Beam graph"): 3,
    marked("TensorFlow"): 4,
    marked("kernel start"): 5,
}
Path = tuple[int, ...]
"""Where a bar is: the places among the children, from the top."""


@dataclass(frozen=True)
class Shown:
    """A drawn bar; `below` are those of its children that are long enough."""

    frame: Frame
    path: Path
    below: tuple[Shown, ...]


def longest(frame: Frame, path: Path, most: int) -> tuple[Shown, int]:
    """Return the bars to draw below a frame, the longest, and how many were left out.

    A bar is at least as long as each that it called, so that everything above a drawn bar is drawn too.
    """
    all_bars: list[tuple[float, int, Path]] = []
    _collect(frame, path, all_bars)
    kept = {path for _, _, path in sorted(all_bars, key=lambda bar: (-bar[0], bar[1]))[:most]}
    return _shown(frame, path, kept), len(all_bars) - len(kept)


def _collect(frame: Frame, path: Path, found: list[tuple[float, int, Path]]) -> None:
    found.append((frame.seconds, len(path), path))
    for place, child in enumerate(frame.children):
        _collect(child, (*path, place), found)


def _shown(frame: Frame, path: Path, kept: set[Path]) -> Shown:
    below = [
        _shown(child, (*path, place), kept)
        for place, child in enumerate(frame.children)
        if (*path, place) in kept
    ]
    return Shown(frame, path, tuple(below))


def bars(shown: Shown, draw: Callable[[Shown], Markup]) -> Markup:
    """Return a bar with those below it, each as wide as its part of the time."""
    bar = draw(shown)
    if not shown.below:
        return bar
    whole = max(shown.frame.seconds, sum(one.frame.seconds for one in shown.below)) or 1.0
    below = [
        tag("div", bars(one, draw), style=f"width:{one.frame.seconds / whole * 100:.2f}%")
        for one in shown.below
    ]
    return Markup(bar + tag("div", below, class_="called"))


def css_class(frame: Frame) -> str:
    """Return the classes of a bar: its colour is that of the kind with most of its time."""
    place = _COLOURS.get(kind_of(frame))
    return "flame" if place is None else f"flame {charts.colour(place)}"


def kind_of(frame: Frame) -> str:
    """Return the kind with most of its time."""
    return max(frame.kinds, key=lambda kind: frame.kinds[kind], default=_OTHER)


def told(frame: Frame) -> str:
    """Return a bar in words: its seconds, and their kinds."""
    kinds = sorted(frame.kinds.items(), key=lambda item: -item[1])
    parts = ", ".join(f"{say(kind)} {_seconds(seconds)}" for kind, seconds in kinds if seconds)
    return f"{frame.name}: {_seconds(frame.seconds)} ({parts})"


def kinds_table(kinds: Mapping[str, float], whole: float) -> Markup:
    """Return a row for each kind, the longest first."""
    rows = [
        _kind_row(kind, seconds, whole) for kind, seconds in sorted(kinds.items(), key=lambda item: -item[1])
    ]
    titles: Sequence[str] = (say("Kind of time"), say("Seconds"), say("Share"))
    return listing(titles, rows, say("Kinds of time"), class_="bars")


def _kind_row(kind: str, seconds: float, whole: float) -> Markup:
    part = seconds / whole if whole else 0.0
    place = _COLOURS.get(kind)
    colour = None if place is None else charts.colour(place)
    bar = tag("span", tag("i", style=f"width:{part * 100:.0f}%", class_=colour), class_="bar")
    return tag(
        "tr",
        tag("th", say(kind), scope="row"),
        tag("td", number(round(seconds, 1)), class_="number"),
        tag("td", bar, tag("span", share(part))),
    )


def _seconds(seconds: float) -> str:
    return f"{number(round(seconds, 2))} s"
