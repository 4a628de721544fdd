"""An extraction drill: how close an attacker's surrogate comes to the model, and what protects it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import traitlets

from widgets.face import room
from widgets.parts import controls, curves
from widgets.parts.budget import fit, left_out_note
from widgets.parts.formats import MISSING, count, number, share
from widgets.parts.language import marked, say, say_each
from widgets.parts.markup import Markup, join, tag
from widgets.parts.tables import listing
from widgets.values.drill import Drill, Outcome
from widgets.view import View

_LINES = 12  # that a chart has at most, the recommended one among them
_HEAD_BYTES = 40_000  # of a static face: what stands around the rows
_CHARTS = {
    "rank_correlation": marked("Rank correlation with the model"),
    "overlap": marked("Top of a request that the copy knows"),
    "r2": marked("R² of the scores"),
}
_NOTE = marked(
    "The copy was trained on the answers alone and judged on requests that it had "
    "not seen. Lower lines are better protected. The queries are on a logarithmic "
    "axis."
)


class ExtractionDrill(View):
    """Shows the curves of fidelity over queries, the price of each protection, and which is recommended.

    Args:
        found: what a drill came to; None: nothing was drilled yet.
        state: traits to begin with, such as `measure="overlap"`.
    """

    title = "Extraction drill"

    measure = traitlets.Enum(tuple(_CHARTS), "rank_correlation", help="what the chart shows").tag(
        sync=True, redraw=True
    )
    only = traitlets.Unicode(help="the one protection that is drawn beside the plain model; empty: all").tag(
        sync=True, redraw=True
    )

    def __init__(self, found: Drill | None, **state: Any) -> None:
        self._is_empty = found is None
        if found is not None:
            self._found = found
        super().__init__(**state)

    def draw_controls(self) -> Markup:
        if self._is_empty:
            return Markup("")
        names = [one.name for one in self._found.outcomes[1:]]
        if not names:
            return Markup("")
        options = {"": say("all"), **{name: name for name in names}}
        return join(
            [
                controls.choice("measure", say("Chart"), say_each(_CHARTS)),
                controls.choice("only", say("Protection"), options),
            ]
        )

    def draw_content(self) -> Markup:
        if self._is_empty:
            return tag("p", _nothing(), role="status")
        drawn = self._drawn()
        chart = [self._chart(self.measure, drawn), self._legend(drawn)]
        return join([self._sentence(), *chart, self._table(self._rows()), self._rule()])

    def html_face(self) -> Markup:
        if self._is_empty:
            return tag("p", _nothing())
        fitted = fit(self._rows(), [lambda row: row], room(_HEAD_BYTES))
        left_out = len(self._found.outcomes) - len(fitted.rows)
        charts = [self._chart(measure, self._some()) for measure in _CHARTS]
        return join(
            [
                self._sentence(),
                curves.grid([one for one in charts if one]),
                self._legend(self._some()),
                self._table(fitted.rows),
                left_out_note(left_out, count(left_out, "protection")),
                self._rule(),
            ]
        )

    def text_face(self) -> str:
        if self._is_empty:
            return _nothing()
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
            return say("Extraction drill: nothing was asked.")
        last = self._found.outcomes[0].points[-1]
        asked = say(
            "{queries} of {candidates} candidates",
            queries=count(last.queries, "query", "queries"),
            candidates=self._found.candidates,
        )
        return say(
            "From the answers to {asked}, a copy of version {version} learns to rank: its "
            "rank correlation with the model is {rank_correlation}, and it knows {overlap} "
            "of the top {best}.",
            asked=asked,
            version=self._found.version,
            rank_correlation=number(last.rank_correlation),
            overlap=share(last.overlap),
            best=self._found.best,
        )

    def _advice(self) -> str:
        chosen = next((one for one in self._found.outcomes if one.recommended), None)
        if chosen is None:
            return say("Recommended: none of the protections that were tried.")
        copy = say("nobody got an answer")
        if chosen.points:
            last = chosen.points[-1]
            known = say("it knows {overlap} of the top", overlap=share(last.overlap))
            copy = say(
                "the copy's rank correlation is {rank_correlation} then, and {known}",
                rank_correlation=number(last.rank_correlation),
                known=known,
            )
        lost = f"{_lost(chosen.quality_cost)} {self._found.quality_name}"
        return say(
            "Recommended: {name}; {copy}. Honest users lose {lost}.", name=chosen.name, copy=copy, lost=lost
        )

    def _sentence(self) -> Markup:
        advice = tag("p", tag("b", self._advice())) if self._found.outcomes else None
        return tag("div", tag("p", self._in_words()), advice, role="status")

    def _rule(self) -> Markup:
        requests, rows = count(self._found.held_out, "request"), count(self._found.rows, "row")
        judged = say("Copies were judged on {requests}, costs on {rows}.", requests=requests, rows=rows)
        return tag("p", f"{self._found.rule} {judged} {say(_NOTE)}", class_="note")

    def _chart(self, measure: str, drawn: Sequence[Outcome]) -> Markup | None:
        runs = {
            one.name: [(math.log10(point.queries), float(getattr(point, measure))) for point in one.points]
            for one in drawn
            if one.points
        }
        if not runs:
            return None
        return curves.figure(
            say(_CHARTS[measure]),
            runs,
            self._looks(drawn),
            say("queries"),
            lambda place: number(round(10**place)),
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
            *(
                say("Protection"),
                say("Queries"),
                say("Rank correlation"),
                say("Top {best} known", best=self._found.best),
                "R²",
            ),
            *(
                say("{quality_name} lost", quality_name=self._found.quality_name),
                say("NDCG lost"),
                say("Top kept"),
                say("Refused"),
            ),
        )
        return listing(titles, rows, say("Protections"), class_="slices")


def _nothing() -> str:
    return say(
        "Nothing was drilled yet. `kit drill` attacks your own model with a budget of queries, behind each protection, "
        "and recommends one."
    )


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
    """A cost as text; less than a ten-thousandth of a metric counts as none."""
    return number(None if value is None else round(value, 4) + 0.0)
