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
from widgets.parts.markup import Markup, join, prose, tag
from widgets.parts.tables import listing
from widgets.values.drill import Drill, Outcome
from widgets.view import View

_HEAD_BYTES = 40_000  # of a static face without its rows
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
        found: the result of a drill; None: there was none yet.
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
        self._found = found
        super().__init__(**state)

    def draw_controls(self) -> Markup:
        names = [one.name for one in self._found.outcomes[1:]] if self._found else []
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
        if (found := self._found) is None:
            return tag("p", prose(_nothing()), role="status")
        drawn = self._drawn(found)
        chart = [self._chart(found, self.measure, drawn), self._legend(found, drawn)]
        return join([self._sentence(found), *chart, self._table(found, self._rows(found)), self._rule(found)])

    def html_face(self) -> Markup:
        if (found := self._found) is None:
            return tag("p", prose(_nothing()))
        fitted = fit(self._rows(found), [lambda row: row], room(_HEAD_BYTES))
        left_out = len(found.outcomes) - len(fitted.rows)
        charts = [self._chart(found, measure, self._some(found)) for measure in _CHARTS]
        return join(
            [
                self._sentence(found),
                curves.grid([one for one in charts if one]),
                self._legend(found, self._some(found)),
                self._table(found, fitted.rows),
                left_out_note(left_out, count(left_out, "protection")),
                self._rule(found),
            ]
        )

    def text_face(self) -> str:
        if (found := self._found) is None:
            return _nothing()
        return "\n".join([self._in_words(found), *([self._advice(found)] if found.outcomes else [])])

    def _drawn(self, found: Drill) -> list[Outcome]:
        """The lines of the live chart."""
        plain = found.outcomes[:1]
        chosen = [one for one in found.outcomes[1:] if one.name == self.only]
        return [*plain, *chosen] if chosen else self._some(found)

    def _some(self, found: Drill) -> list[Outcome]:
        return curves.some_lines(found.outcomes, lambda one: one.recommended)

    def _in_words(self, found: Drill) -> str:
        if not found.outcomes or not found.outcomes[0].points:
            return say("Extraction drill: nothing was asked.")
        last = found.outcomes[0].points[-1]
        asked = say(
            "{queries} of {candidates} candidates",
            queries=count(last.queries, "query", "queries"),
            candidates=found.candidates,
        )
        return say(
            "From the answers to {asked}, a copy of version {version} learns to rank: its "
            "rank correlation with the model is {rank_correlation}, and it knows {overlap} "
            "of the top {best}.",
            asked=asked,
            version=found.version,
            rank_correlation=number(last.rank_correlation),
            overlap=share(last.overlap),
            best=found.best,
        )

    def _advice(self, found: Drill) -> str:
        chosen = next((one for one in found.outcomes if one.recommended), None)
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
        lost = f"{_lost(chosen.quality_cost)} {found.quality_name}"
        return say(
            "Recommended: {name}; {copy}. Honest users lose {lost}.", name=chosen.name, copy=copy, lost=lost
        )

    def _sentence(self, found: Drill) -> Markup:
        advice = tag("p", tag("b", self._advice(found))) if found.outcomes else None
        return tag("div", tag("p", self._in_words(found)), advice, role="status")

    def _rule(self, found: Drill) -> Markup:
        requests, rows = count(found.held_out, "request"), count(found.rows, "row")
        judged = say("Copies were judged on {requests}, costs on {rows}.", requests=requests, rows=rows)
        return tag("p", f"{found.rule} {judged} {say(_NOTE)}", class_="note")

    def _chart(self, found: Drill, measure: str, drawn: Sequence[Outcome]) -> Markup | None:
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
            self._looks(found, drawn),
            say("queries"),
            lambda place: number(round(10**place)),
        )

    def _legend(self, found: Drill, drawn: Sequence[Outcome]) -> Markup | None:
        looks = self._looks(found, drawn)
        return curves.legend(looks) if looks else None

    def _looks(self, found: Drill, drawn: Sequence[Outcome]) -> dict[str, int]:
        """The colours of the lines, which do not depend on what else is drawn."""
        places = {one.name: place for place, one in enumerate(found.outcomes)}
        return {one.name: places[one.name] for one in drawn if one.points}

    def _rows(self, found: Drill) -> list[Markup]:
        return [_row(one) for one in found.outcomes]

    def _table(self, found: Drill, rows: Sequence[Markup]) -> Markup | None:
        if not rows:
            return None
        titles = (
            say("Protection"),
            say("Queries"),
            say("Rank correlation"),
            say("Top {best} known", best=found.best),
            "R²",
            say("{quality_name} lost", quality_name=found.quality_name),
            say("NDCG lost"),
            say("Top kept"),
            say("Refused"),
        )
        return listing(titles, rows, say("Protections"), class_="slices")


def _nothing() -> str:
    return say(
        "No drill has been run yet. `kit drill` attacks your own model with a budget "
        "of queries, behind each protection, and recommends one."
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
