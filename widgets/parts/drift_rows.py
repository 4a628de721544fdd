"""Rows of a heat map: a feature with its distance on each day, and its curves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from widgets.parts import charts, curves
from widgets.parts.formats import MISSING, moment, number
from widgets.parts.markup import Markup, tag
from widgets.values_drift import DriftFeature

_NEAR, _FAR = 0, 4  # numbers of colours
_NEAR_PERCENT, _FAR_PERCENT, _MOST_PERCENT = 22, 26, 46  # of colour in a cell: text stays readable on it
_THRESHOLD = "threshold"


@dataclass(frozen=True)
class Heat:
    """A heat map against one thing.

    Attributes:
        days: that have a column.
        against: name of the comparison.
        skipped: days before those.
    """

    days: Sequence[dt.date]
    against: str
    skipped: int = 0

    def values(self, feature: DriftFeature) -> Sequence[float | None]:
        """The distances on the days that are shown."""
        return feature.distances.get(self.against, [None] * (self.skipped + len(self.days)))[self.skipped :]

    def worst(self, feature: DriftFeature) -> float | None:
        return max((value for value in self.values(feature) if value is not None), default=None)

    def worst_part(self, feature: DriftFeature) -> float:
        """The greatest distance by the threshold; below 0 where nothing could be compared."""
        worst = self.worst(feature)
        return -1.0 if worst is None else _part(worst, feature.threshold)

    def exceeds(self, feature: DriftFeature) -> bool:
        worst = self.worst(feature)
        return worst is not None and worst > feature.threshold

    def cells(self, feature: DriftFeature, name: Markup) -> list[Markup]:
        return [
            self._head(feature, name),
            *(_cell(value, feature.threshold) for value in self.values(feature)),
        ]

    def short_cells(self, feature: DriftFeature, name: Markup) -> list[Markup]:
        """The same row with its greatest distance only."""
        worst = self.worst(feature)
        sign = "✗ " if self.exceeds(feature) else ""
        said = f"{sign}at most {number(worst)}" if worst is not None else MISSING
        return [self._head(feature, name), tag("td", said, colspan=len(self.days))]

    def detail_row(self, content: Markup) -> Markup:
        return tag("tr", tag("td", content, colspan=len(self.days) + 1), class_="opened")

    @staticmethod
    def _head(feature: DriftFeature, name: Markup) -> Markup:
        note = tag("small", f"{feature.measure}, at most {number(feature.threshold)}")
        return tag("th", name, note, scope="row")


def heat_table(heat: Heat, rows: Sequence[Markup]) -> Markup:
    """The rows below a head with the days."""
    titles = [tag("th", title, scope="col") for title in ("Feature", *(f"{day:%m-%d}" for day in heat.days))]
    table = tag("table", tag("thead", tag("tr", titles)), tag("tbody", rows), class_="heat")
    return tag("div", table, class_="kit-scroll", tabindex=0, role="group", aria_label="Distances by day")


def legend() -> Markup:
    """What the colours mean."""
    keys = [charts.key(_NEAR, "below the threshold"), charts.key(_FAR, "✗ above it")]
    return tag("span", keys, class_="legend")


def detail(feature: DriftFeature, days: Sequence[dt.date], comparisons: Mapping[str, str]) -> Markup:
    """The curves of a feature against everything that it is compared with, and its threshold."""
    places = [dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC).timestamp() for day in days]
    lines = {
        f"to {words}": [
            (place, value)
            for place, value in zip(places, feature.distances[name][-len(days) :], strict=True)
            if value is not None
        ]
        for name, words in comparisons.items()
        if name in feature.distances
    }
    lines[_THRESHOLD] = [(place, feature.threshold) for place in (places[0], places[-1])]
    looks = {name: _FAR + 6 if name == _THRESHOLD else place for place, name in enumerate(lines)}
    figure = curves.figure(f"Distance of {feature.name}", lines, looks, "", moment)
    return tag("div", curves.legend(looks), figure, class_="detail")


def _cell(value: float | None, threshold: float) -> Markup:
    if value is None:
        return tag("td", MISSING)
    part = _part(value, threshold)
    if value > threshold:
        strength = min(_FAR_PERCENT + 4 * (part - 1), _MOST_PERCENT)
        text, classes = f"✗ {number(round(value, 3))}", charts.colour(_FAR)
    else:
        strength, text, classes = _NEAR_PERCENT * part, number(round(value, 3)), charts.colour(_NEAR)
    return tag("td", text, class_=classes, style=f"--heat:{strength:.0f}%")


def _part(value: float, threshold: float) -> float:
    """A distance by its threshold; of a threshold of 0 everything is too far."""
    return value / threshold if threshold else (2.0 if value else 0.0)
