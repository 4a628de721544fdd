"""Rows of a heat map: a feature with its distance on each day, and its curves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from widgets.parts import charts, curves
from widgets.parts.formats import MISSING, moment, number
from widgets.parts.language import say
from widgets.parts.markup import Markup, tag
from widgets.parts.tables import listing, opened_row
from widgets.values.drift import DriftFeature

_NEAR, _FAR = 0, 4  # numbers of colours
_NEAR_PERCENT, _FAR_PERCENT, _MOST_PERCENT = (
    22,
    26,
    46,
)  # of colour in a cell, so that text on it stays readable
_COLOURS = 6  # colours; further lines are dashed


@dataclass(frozen=True)
class Heat:
    """A heat map of one comparison.

    Attributes:
        days: the days that have a column.
        against: name of the comparison.
        skipped: the number of days before those.
    """

    days: Sequence[dt.date]
    against: str
    skipped: int = 0

    def pairs(self, feature: DriftFeature) -> list[tuple[float, float] | None]:
        """The distance and its limit on each shown day; None: nothing could be compared."""
        nothing = [None] * (self.skipped + len(self.days))
        values = feature.distances.get(self.against, nothing)[self.skipped :]
        limits = feature.limits.get(self.against, nothing)[self.skipped :]
        return [
            None if value is None or limit is None else (value, limit)
            for value, limit in zip(values, limits, strict=True)
        ]

    def worst(self, feature: DriftFeature) -> tuple[float, float] | None:
        """The distance that is largest relative to its limit, and that limit."""
        known = [pair for pair in self.pairs(feature) if pair is not None]
        return max(known, key=_part, default=None)

    def worst_part(self, feature: DriftFeature) -> float:
        """The largest ratio of a distance to its limit; below 0 where nothing could be compared."""
        worst = self.worst(feature)
        return -1.0 if worst is None else _part(worst)

    def exceeds(self, feature: DriftFeature) -> bool:
        return self.worst_part(feature) > 1

    def cells(self, feature: DriftFeature, name: Markup) -> list[Markup]:
        return [self._head(feature, name), *map(_cell, self.pairs(feature))]

    def short_cells(self, feature: DriftFeature, name: Markup) -> list[Markup]:
        """The same row with its largest distance only."""
        worst = self.worst(feature)
        said = (
            MISSING
            if worst is None
            else say("{part}up to {worst}", part="✗ " if _part(worst) > 1 else "", worst=number(worst[0]))
        )
        return [self._head(feature, name), tag("td", said, colspan=len(self.days))]

    def detail_row(self, content: Markup) -> Markup:
        return opened_row(content, len(self.days) + 1)

    @staticmethod
    def _head(feature: DriftFeature, name: Markup) -> Markup:
        note = tag(
            "small",
            say(
                "{measure}, {threshold} on top of chance",
                measure=feature.measure,
                threshold=number(feature.threshold),
            ),
        )
        return tag("th", name, note, scope="row")


def heat_table(heat: Heat, rows: Sequence[Markup]) -> Markup:
    """The rows below a header with the days."""
    titles = (say("Feature"), *(f"{day:%m-%d}" for day in heat.days))
    return listing(titles, rows, say("Distances by day"), class_="heat")


def legend() -> Markup:
    """What the colours mean."""
    keys = [charts.key(_NEAR, say("within the limit of the day")), charts.key(_FAR, say("✗ beyond it"))]
    return tag("span", keys, class_="legend")


def detail(feature: DriftFeature, days: Sequence[dt.date], comparisons: Mapping[str, str]) -> Markup:
    """The curves of a feature for each comparison, each with its limit in dashes."""
    places = [dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC).timestamp() for day in days]
    lines: dict[str, list[tuple[float, float]]] = {}
    looks: dict[str, int] = {}
    for place, (name, words) in enumerate(comparisons.items()):
        for title, values, look in (
            (say("to {words}", words=say(words)), feature.distances, place),
            (say("limit to {words}", words=say(words)), feature.limits, place + _COLOURS),
        ):
            of_days = zip(places, values.get(name, ())[-len(days) :], strict=False)
            lines[title] = [(day, value) for day, value in of_days if value is not None]
            looks[title] = look
    figure = curves.figure(say("Distance of {name}", name=feature.name), lines, looks, "", moment)
    return tag("div", curves.legend(looks), figure, class_="detail")


def _cell(pair: tuple[float, float] | None) -> Markup:
    if pair is None:
        return tag("td", MISSING)
    part, text = _part(pair), number(round(pair[0], 3))
    if part > 1:
        strength, text, classes = (
            min(_FAR_PERCENT + 4 * (part - 1), _MOST_PERCENT),
            f"✗ {text}",
            charts.colour(_FAR),
        )
    else:
        strength, classes = _NEAR_PERCENT * part, charts.colour(_NEAR)
    return tag("td", text, class_=classes, style=f"--heat:{strength:.0f}%")


def _part(pair: tuple[float, float]) -> float:
    """A distance relative to its limit; any distance exceeds a limit of 0."""
    value, limit = pair
    return value / limit if limit else (2.0 if value else 0.0)
