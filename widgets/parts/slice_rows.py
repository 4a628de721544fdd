"""One slice as a row of the slices table, and two of them side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from widgets.parts import charts
from widgets.parts.formats import MISSING, number, signed
from widgets.parts.language import say
from widgets.parts.markup import BREAK, Child, Markup, join, tag
from widgets.parts.tables import titled_table
from widgets.values.slices import Metric, SliceTable

_WHISKER = charts.Size(90, 12)


class SliceRows:
    """Draws rows of a table, all with the same scale for a metric."""

    def __init__(self, table: SliceTable) -> None:
        self._table = table
        self._scales = {metric.name: _scale(metric.name, table) for metric in table.judged}

    def cells(self, row: int, name: Child, *, whiskers: bool) -> Markup:
        """The cells of a row; the name is passed in because the live face adds a button to it."""
        several = len(self._table.models) > 1
        keys = [charts.key(place, model) for place, model in enumerate(self._table.models)]
        return join(
            [
                tag("th", name, scope="row"),
                tag("td", number(float(self._table.examples[row])), self._too_small(row), class_="number"),
                tag("td", join(keys, BREAK)) if several else None,
                [
                    tag("td", self._values(index, row, whiskers=whiskers), class_="number")
                    for index in range(len(self._table.judged))
                ],
            ]
        )

    def _too_small(self, row: int) -> Markup | None:
        if self._table.too_small is None or not self._table.too_small[row]:
            return None
        return join([BREAK, tag("small", say("too small"))])

    def comparison(self, first: int, second: int) -> Markup:
        """Two slices side by side, metric by metric and model by model."""
        names = [self._table.names[first], self._table.names[second]]
        titles = [say("Metric"), *names, say("Difference"), say("Intervals")]
        several = len(self._table.models) > 1
        suffixes = [f", {model}" if several else "" for model in self._table.models]
        rows = [
            self._compared(metrics[index], first, second, charts.key(place, f"{metrics[index].name}{suffix}"))
            for index in range(len(self._table.judged))
            for place, (metrics, suffix) in enumerate(zip(self._table.models.values(), suffixes, strict=True))
        ]
        return titled_table(titles, rows, caption=say("Two slices side by side"), class_="slices")

    def _compared(self, metric: Metric, first: int, second: int, name: Markup) -> Markup:
        values = [
            tag("td", _value(metric, row), _bounds(metric, row), class_="number") for row in (first, second)
        ]
        return tag(
            "tr",
            tag("th", name, scope="row"),
            values,
            tag("td", _difference(metric, first, second), class_="number"),
            tag("td", _overlap(metric, first, second)),
        )

    def _values(self, index: int, row: int, *, whiskers: bool) -> Markup:
        metrics = [metrics[index] for metrics in self._table.models.values()]
        if not whiskers:
            return join([join([_value(metric, row), _bounds(metric, row)]) for metric in metrics], BREAK)
        return join(
            tag("div", _value(metric, row), self._whisker(metric, row, place))
            for place, metric in enumerate(metrics)
        )

    def _whisker(self, metric: Metric, row: int, place: int) -> Markup:
        low, high = self._scales[metric.name]
        lower, upper = metric.interval(row)
        drawing = charts.whisker(
            float(metric.values[row]),
            lower,
            upper,
            low=low,
            high=high,
            size=_WHISKER,
            thresholds=metric.thresholds_of(row),
        )
        return tag(
            "span",
            drawing,
            class_=f"whisker {charts.colour(place)}",
            title=_bounds(metric, row).strip() or None,
        )


def _value(metric: Metric, row: int) -> Markup:
    text = number(float(metric.values[row]))
    return tag("span", f"✗ {text}", class_="bad") if metric.failing[row] else tag("span", text)


def _bounds(metric: Metric, row: int) -> str:
    lower, upper = metric.interval(row)
    return (
        say(" ({lower} to {upper})", lower=number(lower), upper=number(upper))
        if math.isfinite(lower) and math.isfinite(upper)
        else ""
    )


def _difference(metric: Metric, first: int, second: int) -> str:
    return signed(float(metric.values[second] - metric.values[first]))


def _overlap(metric: Metric, first: int, second: int) -> str:
    """Whether the two intervals overlap; if they do not, the difference is hardly chance."""
    one, other = metric.interval(first), metric.interval(second)
    if not all(math.isfinite(bound) for bound in (*one, *other)):
        return MISSING
    return say("overlap") if one[0] <= other[1] and other[0] <= one[1] else say("apart")


def _scale(name: str, table: SliceTable) -> tuple[float, float]:
    columns: Sequence[Metric] = [metric for _, metric in table.all_metrics() if metric.name == name]
    values = np.concatenate([metric.values[np.isfinite(metric.values)] for metric in columns])
    places = [*((values.min(), values.max()) if len(values) else ())]
    places += [side for metric in columns for side in np.concatenate([*metric.thresholds.values(), []])]
    return (float(min(places)), float(max(places))) if places else (0.0, 1.0)
