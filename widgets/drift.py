"""Drift: a heat map of features by days, and the curves of one feature."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import traitlets

from widgets.face import room
from widgets.paged_view import SearchedView
from widgets.parts import controls
from widgets.parts.budget import fit, left_out_note
from widgets.parts.drift_rows import Heat, detail, heat_table, legend
from widgets.parts.formats import count, found_of, number
from widgets.parts.language import marked, say, say_each
from widgets.parts.markup import Markup, join, tag
from widgets.values.drift import DriftFeature

MOST_DAYS = 62  # in the map; the curves have all
ORDERS = {"worst": marked("farthest first"), "given": marked("as given"), "name": marked("name")}
_WORDS = (marked("the training data"), marked("the day before"))  # of the comparisons
_NAMED = 5  # features named by the text face
_HEAD_BYTES = 12_000  # of a static face without its rows


class Drift(SearchedView):
    """Shows the distances of features by day, against one thing at a time.

    Args:
        days: the days, in order.
        features: each with one distance per day for each comparison.
        comparisons: how each comparison reads, by the name that the distances have; the first is shown first.
        state: traits to begin with, such as `opened="price"`.
    """

    title = "Drift"

    against = traitlets.Unicode(help="name of the comparison that is shown").tag(
        sync=True, redraw=True, narrows=True
    )
    order = traitlets.Enum(list(ORDERS), "worst", help="which features come first").tag(
        sync=True, redraw=True, narrows=True
    )
    opened = traitlets.Unicode(help="name of the feature whose curves are shown").tag(sync=True, redraw=True)

    def __init__(
        self,
        days: Sequence[dt.date],
        features: Sequence[DriftFeature],
        comparisons: Mapping[str, str],
        **state: Any,
    ) -> None:
        self.days, self.features, self.comparisons = tuple(days), tuple(features), dict(comparisons)
        super().__init__(**{"against": next(iter(self.comparisons), ""), **state})

    def found(self) -> list[DriftFeature]:
        """The features that match the search, in the chosen order."""
        left = self.having_words(self.features, lambda one: one.name)
        return _sorted(left, self.order, self._heat())

    def draw_controls(self) -> Markup:
        return join(
            [
                legend(),
                controls.choice("against", say("Compare with"), say_each(self.comparisons))
                if len(self.comparisons) > 1
                else None,
                controls.search_box(),
                controls.choice("order", say("Sort by"), say_each(ORDERS)),
            ]
        )

    def draw_content(self) -> Markup:
        found, heat = self.found(), self._heat()
        shown, pager = self.on_page(found)
        rows = [self._row(one, heat) for one in shown]
        return join(
            [
                tag("p", self._sentence(found), role="status"),
                heat_table(heat, rows) if rows and self.days else None,
                pager,
            ]
        )

    def html_face(self) -> Markup:
        heat, features = self._heat(), _sorted(self.features, "worst", self._heat())
        levels: list[Callable[[DriftFeature], Markup]] = [
            lambda one: tag("tr", heat.short_cells(one, tag("b", one.name))),
            lambda one: tag("tr", heat.cells(one, tag("b", one.name))),
            lambda one: _static_row(one, heat, self.comparisons),
        ]
        drawn = features if self.days else []
        fitted = fit(drawn, levels, room(_HEAD_BYTES))
        left_out = len(drawn) - fitted.with_level[0]
        return join(
            [
                tag("p", legend()),
                tag(
                    "p",
                    say(
                        "Against {against}. ",
                        against=say(self.comparisons.get(self.against, marked("nothing"))),
                    ),
                    self._sentence(features),
                ),
                heat_table(heat, fitted.rows) if fitted.rows else None,
                left_out_note(left_out, count(left_out, "feature")),
            ]
        )

    def text_face(self) -> str:
        if not self.days:
            return say("Drift: no day to compare.")
        lines = [
            say(
                "Drift of {features} on {span}",
                features=count(len(self.features), "feature"),
                span=self._span(),
            )
        ]
        for name, words in list(self.comparisons.items())[:2]:
            heat = Heat(self.days, name)
            far = [one for one in _sorted(self.features, "worst", heat) if heat.exceeds(one)]
            worst = {one.name: heat.worst(one) for one in far[:_NAMED]}
            named = [f"{name} {number(pair[0])} > {number(pair[1])}" for name, pair in worst.items() if pair]
            more = say(" and {number} more", number=number(len(far) - _NAMED)) if len(far) > _NAMED else ""
            lines.append(
                say(
                    "Too far from {words}: {named}{more}",
                    words=say(words),
                    named=", ".join(named) or say("none"),
                    more=more,
                )
            )
        return "\n".join(lines)

    def _heat(self) -> Heat:
        return Heat(self.days[-MOST_DAYS:], self.against, len(self.days) - min(len(self.days), MOST_DAYS))

    def _row(self, feature: DriftFeature, heat: Heat) -> Markup:
        is_open = feature.name == self.opened
        name = controls.opener(feature.name, feature.name, is_open=is_open)
        row = tag("tr", heat.cells(feature, name))
        if not is_open:
            return row
        return join([row, heat.detail_row(detail(feature, self.days, self.comparisons))])

    def _sentence(self, found: Sequence[DriftFeature]) -> str:
        if not self.days:
            return say("There is no day to compare.")
        heat = self._heat()
        far = sum(heat.exceeds(one) for one in found)
        features = found_of(len(found), len(self.features), "feature")
        return say(
            "{features} on {span}; {far} too far on some day.",
            features=features,
            span=self._span(),
            far=number(far),
        )

    def _span(self) -> str:
        if len(self.days) == 1:
            return f"{self.days[0]}"
        shown = (
            say(", of which the last {listed} are shown", listed=MOST_DAYS)
            if len(self.days) > MOST_DAYS
            else ""
        )
        return say(
            "{days} days from {first} to {last}{shown}",
            days=number(len(self.days)),
            first=self.days[0],
            last=self.days[-1],
            shown=shown,
        )


def _static_row(feature: DriftFeature, heat: Heat, comparisons: Mapping[str, str]) -> Markup:
    curves = tag(
        "details",
        tag("summary", say("Curves of {name}", name=feature.name)),
        detail(feature, heat.days, comparisons),
    )
    return join([tag("tr", heat.cells(feature, tag("b", feature.name))), heat.detail_row(curves)])


def _sorted(features: Sequence[DriftFeature], order: str, heat: Heat) -> list[DriftFeature]:
    keys: dict[str, Callable[[DriftFeature], Any]] = {
        "given": lambda _: 0,
        "name": lambda one: one.name.casefold(),
        "worst": lambda one: -heat.worst_part(one),
    }
    return sorted(features, key=keys[order])
