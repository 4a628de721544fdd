"""Parallel coordinates: one axis per hyperparameter, one line per trial.

As in Inselberg 1985, The plane with parallel coordinates. Names and ends are HTML beside the SVG, as with all charts of
the kit.
"""

from __future__ import annotations

from collections.abc import Sequence

from widgets.parts.axes import Axis, Brushes, passes, said, value_on
from widgets.parts.formats import number
from widgets.parts.language import say
from widgets.parts.markup import Markup, tag
from widgets.parts.tables import scrollable
from widgets.values.tuning import Search, Trial

_STEP, _HEIGHT, _EDGE = 100, 200, 6  # of the drawing's own units: between two axes, and above and below them
_HIT = 34  # around an axis, to press on
_NARROWEST_PX = 74  # of an axis
_BREAK = "_\N{ZERO WIDTH SPACE}"  # where a long name such as learning_rate may be broken
_MOST_LINES = 200  # more could not be distinguished; the last ones


def picture(search: Search, axes: Sequence[Axis], brushes: Brushes, *, live: bool) -> Markup | None:
    """All trials that are done as lines; those that a filter leaves out are pale.

    Args:
        search: the search whose trials are drawn.
        axes: the axes, from left to right.
        brushes: the filters.
        live: whether it can be operated, and says what is under the pointer.
    """
    drawn = [trial for trial in search.trials if trial.objective is not None][-_MOST_LINES:]
    if not drawn:
        return None
    width = _STEP * len(axes)
    lines = [_line(trial, search, axes, brushes, live=live) for trial in _best_last(drawn, search)]
    shapes = [_axis(number_, axis, brushes, live=live) for number_, axis in enumerate(axes)]
    more = say(
        "Values of {drawn} trials and their {objective}", drawn=number(len(drawn)), objective=search.objective
    )
    drawing = tag(
        "svg",
        lines,
        shapes,
        viewBox=f"0 0 {width} {_HEIGHT}",
        width=width,
        style=f"height:{_HEIGHT}px",
        preserveAspectRatio="none",
        role="group" if live else "img",
        aria_label=more,
    )
    heads = [tag("span", tag("b", axis.name.replace("_", _BREAK)), axis.ends()[1]) for axis in axes]
    feet = [tag("span", axis.ends()[0]) for axis in axes]
    columns = f"grid-template-columns:repeat({len(axes)},1fr)"
    body = tag(
        "div",
        tag("div", heads, class_="ends", style=columns),
        drawing,
        tag("div", feet, class_="ends", style=columns),
        style=f"min-width:{_NARROWEST_PX * len(axes)}px",
    )
    return scrollable(body, say("Parallel coordinates"), class_="kit-scroll parallel")


def _best_last(trials: Sequence[Trial], search: Search) -> list[Trial]:
    """The trials with the best one last, so that it is drawn over the others."""
    best = search.best
    return sorted(trials, key=lambda trial: best is not None and trial.number == best.number)


def _line(trial: Trial, search: Search, axes: Sequence[Axis], brushes: Brushes, *, live: bool) -> Markup:
    path, down = "", False
    for place, axis in enumerate(axes):
        at = axis.place(value_on(axis, trial, search.objective))
        if at is not None:  # a value that is not in effect in this trial leaves a gap
            path += f"{'L' if down else 'M'}{_across(place)} {_up(at)}"
        down = at is not None
    best = search.best is not None and search.best.number == trial.number
    looks = ["best"] if best else []
    if not passes(trial, axes, search.objective, brushes):
        looks.append("out")
    good = axes[-1].place(trial.objective) or 0.0
    part = good if search.direction == "max" else 1 - good
    drawn = tag("path", d=path, class_=" ".join(looks) or None, style=f"--part:{25 + 75 * part:.0f}%")
    if not live:
        return drawn
    return tag(
        "g", drawn, tag("path", d=path, class_="hit"), data_trial=trial.number, data_tip=_tip(trial, search)
    )


def _tip(trial: Trial, search: Search) -> str:
    values = ", ".join(f"{name} {said(value)}" for name, value in trial.values.items())
    return f"{trial.name}: {search.objective} {number(trial.objective)}; {values}"


def _axis(place: int, axis: Axis, brushes: Brushes, *, live: bool) -> Markup:
    across = _across(place)
    rule = tag("line", x1=across, x2=across, y1=_EDGE, y2=_HEIGHT - _EDGE)
    ticks = [
        tag("line", x1=across - 3, x2=across + 3, y1=_up(at), y2=_up(at))
        for choice in axis.choices
        if (at := axis.place(choice)) is not None
    ]
    brush = brushes.get(axis.name)
    low, high = brush or (0.0, 1.0)
    shown = (
        tag(
            "rect", x=across - 5, width=10, y=_up(high), height=round(_up(low) - _up(high), 1), class_="brush"
        )
        if brush
        else None
    )
    if not live:
        return tag("g", rule, ticks, shown)
    hit = tag("rect", x=across - _HIT / 2, width=_HIT, y=_EDGE, height=_HEIGHT - 2 * _EDGE, class_="hit")
    between = axis.between(low, high)
    return tag(
        "g",
        rule,
        ticks,
        shown,
        hit,
        tabindex=0,
        role="slider",
        aria_label=say("Filter by {name}", name=axis.name),
        aria_orientation="vertical",
        aria_valuemin=0,
        aria_valuemax=100,
        aria_valuenow=round(low * 100),
        aria_valuetext=between if brush else say("all, {between}", between=between),
        data_axis=axis.name,
        data_key=f"axis {axis.name}",
    )


def _across(place: int) -> int:
    return _STEP * place + _STEP // 2


def _up(place: float) -> float:
    return round(_EDGE + (1 - place) * (_HEIGHT - 2 * _EDGE), 1)
