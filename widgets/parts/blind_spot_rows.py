"""Rows of blind spots: what was found in a slice, and how far from what was expected."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from widgets.parts import charts
from widgets.parts.copied import copied
from widgets.parts.formats import MISSING, number, share
from widgets.parts.language import marked, say
from widgets.parts.markup import BREAK, Markup, join, tag
from widgets.parts.tables import listing, opened_row
from widgets.values.blind_spots import BlindSpot
from widgets.values.drift import Estimate

_COLUMNS = (
    marked("Slice"),
    marked("Rows"),
    marked("What is wrong"),
    marked("Came true"),
    marked("Expected"),
    marked("Difference"),
    marked("To save a row"),
    marked("Of all loss"),
)
_CHART = charts.Size(90, 12)
_PROBLEMS = (
    *(marked("scores too high"), marked("scores too low"), marked("scores rank poorly")),
    *(marked("scores rank the wrong way round"), marked("scores too near or far from each other")),
)
_POINTS = marked(" points")
_LEAST_CHANCE = 1e-4  # shown in digits


class BlindSpotRows:
    """Draws rows on scales that all of them share.

    Args:
        spots: all of them.
    """

    def __init__(self, spots: Sequence[BlindSpot]) -> None:
        self._difference = _scale([spot.difference for spot in spots])
        self._excess = _scale([spot.excess for spot in spots])

    def table(self, rows: Sequence[Markup]) -> Markup:
        """The rows with their header."""
        return listing(map(say, _COLUMNS), rows, say("Blind spots"), class_="slices")

    def cells(self, spot: BlindSpot, name: Markup) -> list[Markup]:
        return [
            tag("th", name, scope="row"),
            tag("td", number(spot.rows), BREAK, tag("small", share(spot.share)), class_="number"),
            tag("td", problem(spot)),
            tag("td", share(spot.observed), class_="number"),
            tag("td", share(spot.expected), class_="number"),
            tag(
                "td",
                _with_chart(_signed(spot.difference.value), spot.difference, self._difference),
                class_="number",
            ),
            tag(
                "td",
                _with_chart(number(_short(spot.excess.value)), spot.excess, self._excess),
                class_="number",
            ),
            tag("td", share(spot.harm), class_="number"),
        ]

    def detail_row(self, spot: BlindSpot) -> Markup:
        """The evidence, and the lines that watch the slice."""
        return opened_row(
            tag("div", _evidence(spot), copied(spot.entry, spot.name), class_="detail"), len(_COLUMNS)
        )

    def with_details(self, spot: BlindSpot) -> Markup:
        """A row with its evidence behind a summary, for a page without a kernel."""
        lines = tag("div", _evidence(spot), tag("pre", spot.entry), class_="detail")
        more = tag("details", tag("summary", say("Evidence of {name}", name=spot.name)), lines)
        return join([tag("tr", self.cells(spot, tag("b", spot.name))), opened_row(more, len(_COLUMNS))])


def _evidence(spot: BlindSpot) -> Markup:
    by_chance = (
        say("below {chance:g}", chance=_LEAST_CHANCE)
        if spot.p_value < _LEAST_CHANCE
        else number(_short(spot.p_value))
    )
    difference = f"{_signed(spot.difference.value)} ({_points_between(spot.difference)})"
    saved = say("{value} nats of log loss on each row", value=number(_short(spot.excess.value)))
    between = _interval(spot.excess, lambda value: number(_short(value)))
    sentences = [
        say(
            "{observed} came true. Of other rows with the same scores {expected} do.",
            observed=share(spot.observed),
            expected=share(spot.expected),
        ),
        say("That is a difference of {difference}.", difference=difference),
        say("Right scores would save {saved} ({between}).", saved=saved, between=between),
        say(
            "AUC {auc}; of the rows in no blind spot {auc_rest}.",
            auc=_with_interval(spot.auc),
            auc_rest=_with_interval(spot.auc_rest),
        ),
        say(
            "The probability of finding this much by chance in any of the slices is {by_chance}.",
            by_chance=by_chance,
        ),
    ]
    return tag("ul", [tag("li", sentence) for sentence in sentences])


def _with_chart(text: str, value: Estimate, scale: tuple[float, float]) -> Markup:
    low, high = scale
    drawing = charts.whisker(
        value.value, value.lower, value.upper, low=low, high=high, size=_CHART, thresholds=[0.0]
    )
    return tag("div", tag("span", text), tag("span", drawing, class_=f"whisker {charts.colour(0)}"))


def problem(spot: BlindSpot) -> str:
    """What is wrong with a slice, in the reader's language."""
    return say(", ").join(say(part) for part in spot.problem.split(", "))


def _scale(values: Sequence[Estimate]) -> tuple[float, float]:
    """The range that is drawn; it always includes 0, where nothing is wrong."""
    ends = [end for one in values for end in (one.value, one.lower, one.upper) if math.isfinite(end)]
    return min([0.0, *ends]), max([0.0, *ends])


def _with_interval(value: Estimate) -> str:
    if math.isnan(value.value):
        return MISSING
    return f"{number(_short(value.value))} ({_interval(value, lambda one: number(_short(one)))})"


def _interval(value: Estimate, said: Callable[[float], str]) -> str:
    if not (math.isfinite(value.lower) and math.isfinite(value.upper)):
        return say("no interval")
    return say("{low} to {high}", low=said(value.lower), high=said(value.upper))


def _points_between(value: Estimate) -> str:
    return _interval(value, lambda end: _signed(end).removesuffix(say(_POINTS))) + say(_POINTS)


def _signed(value: float) -> str:
    points = value * 100
    return MISSING if math.isnan(value) else f"{'+' if points > 0 else ''}{points:.1f}{say(_POINTS)}"


def _short(value: float) -> float:
    return value if math.isnan(value) else round(value, 4)
