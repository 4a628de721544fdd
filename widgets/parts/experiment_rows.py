"""The tables and curves of an experiment."""

from __future__ import annotations

import math
from collections.abc import Sequence

from widgets.parts import curves
from widgets.parts.formats import MISSING, moment, number, share
from widgets.parts.language import marked, say
from widgets.parts.markup import Markup, tag
from widgets.parts.tables import listing
from widgets.values.experiment import Arm, Compared
from widgets.values.training import Points

_STATES = {
    "harmless": ("good", marked("✓ not worse than it may be")),
    "harmful": ("bad", marked("✗ worse than it may be")),
    "open": ("quiet", marked("○ not sure yet")),
    "few": ("quiet", marked("○ too few users")),
}
_DIFFERENCE, _BOUND, _LIMIT = 0, 6, 1  # numbers of colours; a bound has the difference's, dashed
_ARMS = (marked("control"), marked("candidate"))
_BOUNDS = (marked("lower bound"), marked("upper bound"))
_MOST = 400  # points of a curve
# Times the last interval and the limit: the wider bounds of the first looks would flatten all others.
_ROOM = 4.0


def arms_table(arms: Sequence[Arm]) -> Markup:
    """The requests of each arm, and how they went."""
    rows = [
        tag(
            "tr",
            tag("th", say("{name}, version {version}", name=say(one.name), version=one.version), scope="row"),
            [tag("td", value, class_="number") for value in _cells(one)],
        )
        for one in arms
    ]
    return _table((say("Arm"), say("Share"), say("Requests"), say("Failed"), say("Slow")), rows, say("Arms"))


def metrics_table(metrics: Sequence[Compared]) -> Markup | None:
    """Each metric at the last look, and what it means."""
    if not metrics:
        return None
    titles = (
        say("Metric"),
        say("Control"),
        say("Candidate"),
        say("Difference"),
        say("At all looks within"),
        say("Limit"),
        say("Verdict"),
    )
    return _table(titles, [_row(one) for one in metrics], say("Metrics"))


def pictures(metrics: Sequence[Compared]) -> list[Markup]:
    """The difference of each metric over time with its interval and its limit."""
    return [_picture(one) for one in metrics if one.points]


def legend() -> Markup:
    return curves.legend({say("difference, its bounds dashed"): _DIFFERENCE, say("Limit"): _LIMIT})


def _picture(metric: Compared) -> Markup:
    points = metric.points[-_MOST:]
    last = points[-1]
    room = _ROOM * max(abs(metric.limit), abs(last.lower), abs(last.upper))
    shown, limited = say("Difference"), say("Limit")
    runs = {shown: [(one.time, one.difference) for one in points]}
    bounds = {
        say(f"{side} bound"): _within(room, [(one.time, getattr(one, side)) for one in points])
        for side in ("lower", "upper")
    }
    limit = {limited: [(one.time, metric.limit) for one in (points[0], points[-1])]}
    looks = {shown: _DIFFERENCE, **dict.fromkeys(bounds, _BOUND), limited: _LIMIT}
    return curves.figure(
        say("{name}, candidate minus control", name=metric.name),
        runs | bounds | limit,
        looks,
        say("looks from"),
        moment,
    )


def _within(room: float, bounds: Points) -> Points:
    """The part of a line of bounds that is drawn, from where it enters the room.

    Of a line that is inside at its last look only, nothing would be seen but a dot in the corner.
    """
    first = next((place for place, (_, bound) in enumerate(bounds) if abs(bound) <= room), len(bounds))
    inside = [(time, bound if abs(bound) <= room else math.nan) for time, bound in bounds[first:]]
    if not inside or first == 0:
        return inside
    (start, before), (end, bound) = bounds[first - 1], inside[0]
    edge = math.copysign(room, before)
    # From infinity it falls at once.
    part = (edge - before) / (bound - before) if math.isfinite(before) else 1.0
    return [(start + part * (end - start), edge), *inside]


def _cells(one: Arm) -> list[str]:
    return [share(one.share), number(one.requests), _of(one.failed, one), _of(one.slow, one)]


def _of(amount: int, one: Arm) -> str:
    part = f" ({share(amount / one.requests)})" if one.requests else ""
    return f"{number(amount)}{part}"


def _row(one: Compared) -> Markup:
    look, said = _STATES[one.state]
    last = one.points[-1] if one.points else None
    within = (
        say("{low} to {high}", low=number(last.lower), high=number(last.upper))
        if last and math.isfinite(last.lower)
        else MISSING
    )
    cells = [
        say("{part} of {total}", part=share(one.control), total=number(one.counted[0])),
        say("{part} of {total}", part=share(one.candidate), total=number(one.counted[1])),
        number(last.difference) if last else MISSING,
        within,
        number(one.limit),
    ]
    return tag(
        "tr",
        tag("th", one.name, scope="row"),
        [tag("td", cell, class_="number") for cell in cells],
        tag("td", say(said), class_=f"{look} sign"),
    )


def _table(titles: Sequence[str], rows: Sequence[Markup], label: str) -> Markup:
    return listing(titles, rows, label, class_="slices")
