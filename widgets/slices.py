"""Metrics by slice: the worst first, their distribution over all slices, and two slices side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import traitlets

from widgets import records
from widgets.face import room
from widgets.paged_view import SearchedView
from widgets.parts import charts, controls
from widgets.parts.budget import fit, left_out_note
from widgets.parts.formats import count, found_of, number
from widgets.parts.language import say
from widgets.parts.markup import Markup, join, tag
from widgets.parts.slice_rows import SliceRows
from widgets.parts.slice_search import EXAMPLES, SLICE, Rows, SliceSearch, metric_named
from widgets.parts.tables import opened_row, scrollable, sort_header
from widgets.values.slices import Column, Metric, SliceTable
from widgets.values.statistics import Histogram

_BUCKETS = 40
_CHART = charts.Size(640, 90)
_HEAD_BYTES = 12_000  # of a static face without its rows
_STATIC_ROWS = 300  # slices that a static face tries to hold; nobody reads more on a page
_NAMED = 3  # slices per metric named by the text face
_TOLD = 4  # metrics in it, those with a threshold first


class Slices(SearchedView):
    """Shows the metrics of every slice, with thresholds and confidence intervals.

    Args:
        table: the slices and their metrics.
        state: traits to begin with, such as `search="country"`.
    """

    title = "Slices"

    cut = traitlets.Unicode(help="the columns that slices are cut by; empty: any").tag(
        sync=True, redraw=True, narrows=True
    )
    at_least = traitlets.Float(min=0, help="fewest examples of a slice that is shown").tag(
        sync=True, redraw=True, narrows=True
    )
    failing = traitlets.Bool(help="whether only slices that miss a threshold are shown").tag(
        sync=True, redraw=True, narrows=True
    )
    metric = traitlets.Unicode(help="the metric whose spread is drawn").tag(sync=True, redraw=True)
    order = traitlets.Tuple(
        traitlets.Unicode(), traitlets.Bool(), help="column to sort by, and whether backwards"
    ).tag(sync=True, redraw=True, narrows=True)
    compared = traitlets.List(traitlets.Int(), maxlen=2, help="rows of the table side by side").tag(
        sync=True, redraw=True
    )

    def __init__(self, table: SliceTable, **state: Any) -> None:
        self.table = table
        self._search = SliceSearch(table)
        self._rows = SliceRows(table)
        worst = _first_with_threshold(table)
        state = {"metric": worst or "", "order": (worst or EXAMPLES, False), **state}
        super().__init__(**state)

    @classmethod
    def of(cls, columns: Mapping[str, Any], **state: Any) -> Self:
        """Show a plain record of slices; see `widgets.records`."""
        return cls(records.slice_table(columns), **state)

    def found(self) -> Rows:
        """Rows of the table that pass the controls, in the chosen order; the row of all examples is separate."""
        rows = self._search.rows(tuple(self.order), self.search, self.cut, self.at_least)
        if self.failing:
            rows = rows[self._search.failing[rows]]
        return rows if self.table.overall is None else rows[rows != self.table.overall]

    def draw_controls(self) -> Markup:
        cuts = {cut: cut for cut in sorted(set(self.table.cuts)) if cut}
        metrics = {metric.name: metric.name for metric in self.table.judged}
        return join(
            [
                self._legend(),
                controls.search_box(),
                controls.choice("cut", say("Cut by"), {"": say("any columns"), **cuts}) if cuts else None,
                controls.number_box("at_least", say("Examples at least")),
                controls.choice("metric", say("Spread of"), metrics) if metrics else None,
                controls.tick("failing", say("only those that miss a threshold")),
            ]
        )

    def draw_content(self) -> Markup:
        found = self.found()
        shown, pager = self.on_page(found.tolist())
        rows = [*self._pinned(), *shown]
        return join(
            [
                tag("p", self._place(len(found)), role="status"),
                self._spread(found, tips=True),
                None if self._last_pressed() in rows else self._comparison(),
                self._table([self._live_row(row) for row in rows], live=True),
                pager,
            ]
        )

    def html_face(self) -> Markup:
        found = self.found()
        fitted = fit(
            [*self._pinned(), *found[:_STATIC_ROWS].tolist()],
            [
                lambda row: self._static_row(row, whiskers=False),
                lambda row: self._static_row(row, whiskers=True),
            ],
            room(_HEAD_BYTES),
        )
        left_out = len(found) + len(self._pinned()) - len(fitted.rows)
        return join(
            [
                tag("p", self._legend(), f" {self._place(len(found))}"),
                self._spread(found, tips=False),
                self._table(fitted.rows, live=False),
                left_out_note(left_out, count(left_out, "slice")),
                self._comparison(),
            ]
        )

    def text_face(self) -> str:
        models = f", {say(' and ').join(self.table.models)}" if len(self.table.models) > 1 else ""
        lines = [f"{count(self._total(), 'slice')}{models}"]
        ranked = sorted(self.table.judged, key=lambda metric: not metric.thresholds)
        lines += [self._worst(metric) for metric in ranked[:_TOLD]]
        more = len(ranked) - _TOLD
        return "\n".join(
            [*lines, *([say("and {number} more", number=count(more, "metric"))] if more > 0 else [])]
        )

    def _worst(self, metric: Metric) -> str:
        rows = [int(row) for row in self._search.sorted(metric.name, False)[:_NAMED]]
        worst = ", ".join(f"{self.table.names[row]} {number(float(metric.values[row]))}" for row in rows)
        text = say("{name}: worst {worst}", name=metric.name, worst=worst or say("nowhere"))
        if not metric.thresholds:
            return text
        asked = ", ".join(_asked(metric))
        return say(
            "{worst}; {missed} miss {asked}",
            worst=text,
            missed=number(int(metric.failing.sum())),
            asked=asked,
        )

    def _total(self) -> int:
        return len(self.table.names) - (self.table.overall is not None)

    def _pinned(self) -> list[int]:
        return [] if self.table.overall is None else [self.table.overall]

    def _place(self, found: int) -> str:
        return found_of(found, self._total(), "slice")

    def _legend(self) -> Markup:
        keys = [charts.key(place, model) for place, model in enumerate(self.table.models)]
        thresholds = [
            tag("span", f"{metric.name} {asked}", class_="key")
            for metric in self.table.judged
            for asked in _asked(metric)
        ]
        return tag("span", join(keys, " "), " ", [tag("i", class_="mark")] if thresholds else None,
                   thresholds, class_="legend")  # fmt: skip

    def _spread(self, rows: Rows, *, tips: bool) -> Markup | None:
        """The distribution of the chosen metric over slices, with its thresholds."""
        if not self.metric or not len(rows):
            return None
        sides = metric_named(self.metric, self.table).thresholds.values()
        thresholds = [float(threshold) for side in sides for threshold in side]
        series = _histograms(self.metric, self.table, rows, thresholds)
        if not series:
            return None
        low, high = charts.extent(series, thresholds)
        drawing = charts.overlay(
            series,
            _CHART,
            label=say("{metric} over slices", metric=self.metric),
            marks=thresholds,
            tips=number if tips else None,
        )
        middle = tag("span", say("{metric} over slices", metric=self.metric))
        caption = tag(
            "figcaption", tag("span", number(low)), middle, tag("span", number(high)), class_="axis"
        )
        return tag("figure", drawing, caption)

    def _table(self, rows: Any, *, live: bool) -> Markup:
        titles = [(SLICE, say("Slice")), (EXAMPLES, say("Examples"))]
        metrics = [(metric.name, metric.name) for metric in self.table.judged]
        model = tag("th", say("Model"), scope="col") if len(self.table.models) > 1 else None
        head = [
            [self._header(*title, live=live) for title in titles],
            model,
            [self._header(*title, live=live) for title in metrics],
        ]
        table = tag("table", tag("thead", tag("tr", head)), tag("tbody", rows), class_="slices")
        return scrollable(table, say("Slices"))

    def _header(self, column: str, text: str, *, live: bool) -> Markup:
        sorted_by, backwards = self.order
        if not live:
            return tag("th", text, scope="col")
        mine, rises = column == sorted_by, self._rises(column)
        return sort_header(column, text, mine=mine, backwards=backwards, rises=rises)

    def _rises(self, column: str) -> bool:
        """Whether a column is first sorted upwards: names from A, but most examples and worst values first."""
        return column == SLICE or (column != EXAMPLES and metric_named(column, self.table).larger_is_better)

    def _static_row(self, row: int, *, whiskers: bool) -> Markup:
        return tag("tr", self._rows.cells(row, self.table.names[row], whiskers=whiskers))

    def _live_row(self, row: int) -> Markup:
        chosen = row in self.compared
        name = self.table.names[row]
        compare = controls.button(
            "compared",
            row,
            "⇆",
            data_room=2,
            key=f"compare {row}",
            class_="compare",
            aria_pressed="true" if chosen else "false",
            aria_label=say("Compare {name}", name=name),
            title=say("Compare with another slice"),
        )
        class_ = "overall" if row == self.table.overall else None
        drawn = tag("tr", self._rows.cells(row, [compare, name], whiskers=True), class_=class_)
        if row != self._last_pressed():
            return drawn
        columns = 2 + (len(self.table.models) > 1) + len(self.table.judged)
        return join([drawn, opened_row(tag("div", self._comparison(), class_="detail"), columns)])

    def _last_pressed(self) -> int | None:
        """The row whose button was pressed last: what came of it is told below it, where whoever pressed looks."""
        return self.compared[-1] if self.compared else None

    def _comparison(self) -> Markup | None:
        if len(self.compared) < 2:  # noqa: PLR2004  a pair
            hint = say("Press ⇆ at another slice to see the two side by side.")
            return tag("p", hint, class_="note") if self.compared else None
        first, second = self.compared
        return self._rows.comparison(first, second)


def _first_with_threshold(table: SliceTable) -> str | None:
    """The metric to show first: one with a threshold, else any."""
    ranked = sorted(table.judged, key=lambda metric: not metric.thresholds)
    return ranked[0].name if ranked else None


def _asked(metric: Metric) -> list[str]:
    """What the thresholds of a metric ask, such as `≥ 0.7`; `≥ 0.55 to 0.75` where it differs between slices."""
    return [
        f"{sign} {number(float(side[0]))}{say(' to ') + number(float(side[-1])) if len(side) > 1 else ''}"
        for sign, side in metric.thresholds.items()
    ]


def _histograms(name: str, table: SliceTable, rows: Rows, marks: list[float]) -> list[charts.Series]:
    columns = {
        model: metric.values[rows][np.isfinite(metric.values[rows])]
        for model, metric in table.all_metrics()
        if metric.name == name
    }
    if not any(len(column) for column in columns.values()):
        return []
    together = np.concatenate([*columns.values(), marks])
    reach = (float(together.min()), float(together.max()))
    return [
        charts.Series(model, _histogram(column, reach), place)
        for place, (model, column) in enumerate(columns.items())
    ]


def _histogram(values: Column, reach: tuple[float, float]) -> Histogram:
    counts, edges = np.histogram(values, _BUCKETS, reach)  # a range is several times faster than edges
    return Histogram(tuple(edges.tolist()), tuple(counts.tolist()))
