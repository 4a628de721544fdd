"""An extraction drill: how like the model a stranger's copy becomes by its answers, and what protects it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import traitlets

from widgets.face import STATIC_BYTES
from widgets.parts import controls, curves
from widgets.parts.budget import fit
from widgets.parts.formats import MISSING, count, number, share
from widgets.parts.markup import Markup, join, tag
from widgets.parts.modules import styles
from widgets.values_drill import Drill, Outcome
from widgets.view import View

_LINES = 12  # that a chart has at most, the recommended one among them
_HEAD_BYTES = 40_000  # of a static face: what stands around the rows
_CHARTS = {
    "rank_correlation": "Rank correlation with the model",
    "overlap": "Top of a request that the copy knows",
    "r2": "R² of the scores",
}
_NOTE = (
    "The copy was trained on the answers alone and judged on requests that it had not seen. Lower lines are better "
    "protected. The queries are on a logarithmic axis."
)


class ExtractionDrill(View):
    """Shows the curves of fidelity over queries, the price of each protection, and which is recommended.

    Args:
        found: what a drill came to.
        state: traits to begin with, such as `measure="overlap"`.
    """

    title = "Extraction drill"

    measure = traitlets.Enum(tuple(_CHARTS), "rank_correlation", help="what the chart shows").tag(
        sync=True, redraw=True
    )
    only = traitlets.Unicode(help="the one protection that is drawn beside the plain model; empty: all").tag(
        sync=True, redraw=True
    )

    def __init__(self, found: Drill, **state: Any) -> None:
        self._found = found
        super().__init__(**state)

    def draw_controls(self) -> Markup:
        names = [one.name for one in self._found.outcomes[1:]]
        if not names:
            return Markup("")
        options = {"": "all", **{name: name for name in names}}
        return join(
            [controls.choice("measure", "Chart", _CHARTS), controls.choice("only", "Protection", options)]
        )

    def draw_content(self) -> Markup:
        drawn = self._drawn()
        chart = [self._chart(self.measure, drawn), self._legend(drawn)]
        return join([self._sentence(), *chart, self._table(self._rows()), self._rule()])

    def html_face(self) -> Markup:
        fitted = fit(self._rows(), [lambda row: row], STATIC_BYTES - len(styles()) - _HEAD_BYTES)
        left_out = len(self._found.outcomes) - len(fitted.rows)
        note = f"{count(left_out, 'protection')} left out here; the live view in JupyterLab has all."
        charts = [self._chart(measure, self._some()) for measure in _CHARTS]
        return join(
            [
                self._sentence(),
                curves.grid([one for one in charts if one]),
                self._legend(self._some()),
                self._table(fitted.rows),
                tag("p", note, class_="note") if left_out else None,
                self._rule(),
            ]
        )

    def text_face(self) -> str:
        return "\n".join([self._in_words(), *([self._advice()] if self._found.outcomes else [])])

    def _drawn(self) -> list[Outcome]:
        """The lines of the live chart."""
        plain = self._found.outcomes[:1]
        chosen = [one for one in self._found.outcomes[1:] if one.name == self.only]
        return [*plain, *chosen] if chosen else self._some()

    def _some(self) -> list[Outcome]:
        """As many lines as can be told apart."""
        outcomes = list(self._found.outcomes)
        first = outcomes[:_LINES]
        rest = [one for one in outcomes[_LINES:] if one.recommended]
        return [*first[: _LINES - len(rest)], *rest]

    def _in_words(self) -> str:
        if not self._found.outcomes or not self._found.outcomes[0].points:
            return "Extraction drill: nothing was asked."
        last = self._found.outcomes[0].points[-1]
        asked = f"{count(last.queries, 'query', 'queries')} of {self._found.candidates} candidates"
        return (
            f"From the answers to {asked}, a copy of version {self._found.version} learns to rank: its rank "
            f"correlation with the model is {number(last.rank_correlation)}, and it knows {share(last.overlap)} of the "
            f"top {self._found.best}."
        )

    def _advice(self) -> str:
        chosen = next((one for one in self._found.outcomes if one.recommended), None)
        if chosen is None:
            return "Recommended: none of the protections that were tried."
        copy = "nobody got an answer"
        if chosen.points:
            last = chosen.points[-1]
            known = f"it knows {share(last.overlap)} of the top"
            copy = f"the copy's rank correlation is {number(last.rank_correlation)} then, and {known}"
        lost = f"{_lost(chosen.quality_cost)} of {self._found.quality_name}"
        return f"Recommended: {chosen.name}; {copy}. Honest users lose {lost}."

    def _sentence(self) -> Markup:
        advice = tag("p", tag("b", self._advice())) if self._found.outcomes else None
        return tag("div", tag("p", self._in_words()), advice, role="status")

    def _rule(self) -> Markup:
        requests, rows = count(self._found.held_out, "request"), count(self._found.rows, "row")
        judged = f"Copies were judged on {requests}, costs on {rows}."
        return tag("p", f"{self._found.rule} {judged} {_NOTE}", class_="note")

    def _chart(self, measure: str, drawn: Sequence[Outcome]) -> Markup | None:
        runs = {
            one.name: [(math.log10(point.queries), float(getattr(point, measure))) for point in one.points]
            for one in drawn
            if one.points
        }
        if not runs:
            return None
        return curves.figure(
            _CHARTS[measure], runs, self._looks(drawn), "queries", lambda place: number(round(10**place))
        )

    def _legend(self, drawn: Sequence[Outcome]) -> Markup | None:
        looks = self._looks(drawn)
        return curves.legend(looks) if looks else None

    def _looks(self, drawn: Sequence[Outcome]) -> dict[str, int]:
        """The colours of what is drawn, the same whatever else is."""
        places = {one.name: place for place, one in enumerate(self._found.outcomes)}
        return {one.name: places[one.name] for one in drawn if one.points}

    def _rows(self) -> list[Markup]:
        return [_row(one) for one in self._found.outcomes]

    def _table(self, rows: Sequence[Markup]) -> Markup | None:
        if not rows:
            return None
        titles = (
            *("Protection", "Queries", "Rank correlation", f"Top {self._found.best} known", "R²"),
            *(f"{self._found.quality_name} lost", "NDCG lost", "Top kept", "Refused"),
        )
        head = tag("thead", tag("tr", [tag("th", title, scope="col") for title in titles]))
        table = tag("table", head, tag("tbody", rows), class_="slices")
        return tag("div", table, class_="kit-scroll", tabindex=0, role="group", aria_label="Protections")


def _row(one: Outcome) -> Markup:
    """The last point of a curve, and what the protection costs."""
    last = one.points[-1] if one.points else None
    fidelity = (
        [number(last.queries), number(last.rank_correlation), share(last.overlap), number(last.r2)]
        if last
        else ["0", *[MISSING] * 3]
    )
    known = not math.isnan(one.quality)
    cost = (
        [_lost(one.quality_cost), _lost(one.ndcg_cost), share(one.top_kept), share(one.refused)]
        if known
        else [MISSING] * 4
    )
    name = tag("b", f"✓ {one.name}", class_="good") if one.recommended else one.name
    return tag(
        "tr",
        tag("th", name, scope="row"),
        [tag("td", value, class_="number") for value in [*fidelity, *cost]],
    )


def _lost(value: float | None) -> str:
    """What is less than a ten-thousandth of a metric is nothing."""
    return number(None if value is None else round(value, 4) + 0.0)
