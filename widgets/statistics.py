"""The statistics of a data set: every feature in every split, with search, sorting and details."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import traitlets

from widgets import records
from widgets.face import room
from widgets.paged_view import SearchedView
from widgets.parts import charts, controls
from widgets.parts.budget import fit
from widgets.parts.feature_detail import detail
from widgets.parts.feature_rows import COLUMNS, Looks, cells
from widgets.parts.formats import count, first_names, found_of, number, share
from widgets.parts.language import marked, say, say_each
from widgets.parts.markup import Markup, join, tag
from widgets.parts.tables import listing, opened_row
from widgets.values.statistics import Distance, FeatureSummary

ORDERS = {
    "given": marked("as given"),
    "name": marked("name"),
    "missing": marked("most missing"),
    "drift": marked("most drift"),
    "skew": marked("most skew"),
}
_NAMED = 5  # features per kind named by the text face
_HEAD_BYTES = 2_000  # of a static face without its rows


class Statistics(SearchedView):
    """Shows features with their splits over one another.

    Args:
        features: the features, in the order of the data.
        examples: how many examples each split has; its order is the order of the splits.
        state: traits to begin with, such as `order="missing"`.
    """

    title = "Statistics"

    order = traitlets.Enum(list(ORDERS), "given", help="what the features are sorted by, the most first").tag(
        sync=True, redraw=True, narrows=True
    )
    weighted = traitlets.Bool(help="whether examples count by their weight").tag(sync=True, redraw=True)
    logarithmic = traitlets.Bool(help="whether heights are logarithmic, which makes rare values visible").tag(
        sync=True, redraw=True
    )
    opened = traitlets.Unicode(help="name of the feature that is shown in detail").tag(sync=True, redraw=True)

    def __init__(
        self, features: Sequence[FeatureSummary], examples: Mapping[str, float], **state: Any
    ) -> None:
        self.features = tuple(features)
        self.examples = dict(examples)
        super().__init__(**state)

    @classmethod
    def of(cls, summary: Mapping[str, Any], **state: Any) -> Self:
        """Show `features` and `examples` of a plain record; see `widgets.records`."""
        return cls(
            [records.feature(feature) for feature in summary["features"]], summary["examples"], **state
        )

    def found(self) -> list[FeatureSummary]:
        """The features that match the search, in the chosen order."""
        return _sorted(self.having_words(self.features, lambda feature: feature.name), self.order)

    def draw_controls(self) -> Markup:
        has_weights = any(feature.weighted for feature in self.features)
        return join(
            [
                self._legend(),
                controls.search_box(),
                controls.choice("order", say("Sort by"), say_each(ORDERS)),
                controls.tick("logarithmic", say("logarithmic")),
                controls.tick("weighted", say("weighted")) if has_weights else None,
            ]
        )

    def draw_content(self) -> Markup:
        found = self.found()
        shown, pager = self.on_page(found)
        place = found_of(len(found), len(self.features), "feature")
        return join(
            [
                tag("p", place, role="status"),
                _table([self._live_row(feature) for feature in shown]) if shown else None,
                pager,
            ]
        )

    def html_face(self) -> Markup:
        looks = self._looks()
        levels: list[Callable[[FeatureSummary], Markup]] = [
            lambda feature: tag("tr", cells(feature, looks, _name(feature), chart=False)),
            lambda feature: tag("tr", cells(feature, looks, _name(feature), chart=True)),
            lambda feature: _static_row(feature, looks),
        ]
        fitted = fit(_sorted(self.features, self.order), levels, room(_HEAD_BYTES))
        return join(
            [
                tag("p", self._legend(), f" · {count(len(self.features), 'feature')}"),
                _table(fitted.rows) if fitted.rows else None,
                _left_out(len(self.features), fitted.with_level),
            ]
        )

    def text_face(self) -> str:
        splits = ", ".join(f"{name} {count(total, 'example')}" for name, total in self.examples.items())
        missing = [feature for feature in _sorted(self.features, "missing") if feature.missing_share > 0]
        lines = [
            say(
                "Statistics of {features}: {splits}",
                features=count(len(self.features), "feature"),
                splits=splits or say("no split"),
            ),
            _listed(say("Missing most"), [f"{f.name} {share(f.missing_share)}" for f in missing])
            if missing
            else say("No value is missing."),
            _listed(say("Drift above its threshold"), _exceeding(self.features, "drift")),
            _listed(say("Skew above its threshold"), _exceeding(self.features, "skew")),
        ]
        return "\n".join(line for line in lines if line)

    def _looks(self, *, tips: bool = False) -> Looks:
        return Looks(tuple(self.examples), self.weighted, self.logarithmic, tips)

    def _legend(self) -> Markup:
        keys = [
            charts.key(place, f"{name}: {count(total, 'example')}")
            for place, (name, total) in enumerate(self.examples.items())
        ]
        return tag("span", join(keys, " "), class_="legend")

    def _live_row(self, feature: FeatureSummary) -> Markup:
        is_open = feature.name == self.opened
        name = controls.opener(feature.name, feature.name, is_open=is_open)
        row = tag("tr", cells(feature, self._looks(), name, chart=True))
        if not is_open:
            return row
        return join([row, opened_row(detail(feature, self._looks(tips=True)), len(COLUMNS))])


def _static_row(feature: FeatureSummary, looks: Looks) -> Markup:
    opened = tag(
        "details", tag("summary", say("Details of {name}", name=feature.name)), detail(feature, looks)
    )
    return join(
        [tag("tr", cells(feature, looks, _name(feature), chart=True)), opened_row(opened, len(COLUMNS))]
    )


def _name(feature: FeatureSummary) -> Markup:
    return tag("b", feature.name)


def _table(rows: Sequence[Markup]) -> Markup:
    return listing(map(say, COLUMNS), rows, say("Features"), class_="features")


def _sorted(features: Sequence[FeatureSummary], order: str) -> list[FeatureSummary]:
    keys: dict[str, Callable[[FeatureSummary], Any]] = {
        "given": lambda _: 0,
        "name": lambda feature: feature.name.casefold(),
        "missing": lambda feature: -feature.missing_share,
        "drift": lambda feature: _nearness(feature.drift),
        "skew": lambda feature: _nearness(feature.skew),
    }
    return sorted(features, key=keys[order])


def _nearness(distance: Distance | None) -> tuple[bool, float]:
    """Sort key: above the threshold first, then the farthest, and those without a distance last."""
    if distance is None:
        return (True, 1.0)
    return (not distance.exceeds, -distance.value)


def _exceeding(features: Sequence[FeatureSummary], kind: str) -> list[str]:
    distances = {feature.name: getattr(feature, kind) for feature in _sorted(features, kind)}
    return [
        f"{name} {number(distance.value)} > {number(distance.threshold)}"
        for name, distance in distances.items()
        if distance is not None and distance.exceeds
    ]


def _listed(what: str, items: Sequence[str]) -> str:
    return f"{what}: {first_names(items, _NAMED)}" if items else ""


def _left_out(total: int, with_level: Sequence[int]) -> Markup | None:
    rows, charted, detailed = with_level
    if detailed == total:
        return None
    parts = [
        say(
            "Details of the first {detailed} features and charts of the first {charted} are kept here",
            detailed=number(detailed),
            charted=number(charted),
        )
    ]
    if rows < total:
        parts.append(say("{features} left out", features=count(total - rows, "feature")))
    return tag("p", "; ".join(parts), say("; the live view in JupyterLab has all of them."), class_="note")
