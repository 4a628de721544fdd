"""The data's violations of the schema, by severity, with the rows at fault, for a person to decide about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import traitlets

from widgets.decided_view import DecidedView
from widgets.face import room
from widgets.parts import controls
from widgets.parts.anomaly_rows import COLUMNS, cells, rows_at_fault
from widgets.parts.budget import fit, left_out_note
from widgets.parts.decision_form import decision_form, told
from widgets.parts.formats import count, first_lines, found_of, number
from widgets.parts.language import marked, say, say_each
from widgets.parts.markup import Markup, join, tag
from widgets.parts.tables import opened_row, scrollable, wide_title
from widgets.values.decisions import Anomaly, Decide

ACTIONS = {
    "accept": marked("Accept into the schema"),
    "ignore": marked("Ignore here"),
    "block": marked("Block"),
}
_GROUPS = {
    marked("error"): ("✗", marked("Errors"), "bad"),
    marked("warning"): ("!", marked("Warnings"), None),
}
_NAMED = 4  # anomalies named by the text face
_HEAD_BYTES = 4_000  # of a static face without its rows


class Anomalies(DecidedView):
    """Shows anomalies, and lets a person decide about each if `decide` is given.

    Args:
        anomalies: the anomalies, in the order in which they are shown within their severity.
        decide: takes decisions; None: there is nothing to decide.
        state: traits to begin with, such as `who="Ann"`.
    """

    title = "Anomalies"

    undecided = traitlets.Bool(help="whether only undecided ones are shown").tag(
        sync=True, redraw=True, narrows=True
    )

    def __init__(self, anomalies: Sequence[Anomaly], decide: Decide | None = None, **state: Any) -> None:
        self.anomalies = sorted(anomalies, key=lambda anomaly: list(_GROUPS).index(anomaly.severity))
        super().__init__(decide=partial(self._have_decided, decide) if decide else None, **state)

    def found(self) -> list[Anomaly]:
        """The anomalies that pass the controls, the errors first."""
        found = self.having_words(self.anomalies, lambda one: f"{one.feature} {one.what} {one.split}")
        return [anomaly for anomaly in found if not (self.undecided and anomaly.decided)]

    def _have_decided(self, decide: Decide, action: str, key: str) -> str:
        told = decide(key, action, self.who, self.why)
        self.anomalies = [
            replace(one, decided=action, decision=told) if one.key == key else one for one in self.anomalies
        ]
        return told

    def draw_controls(self) -> Markup:
        return join(
            [
                controls.search_box(),
                controls.tick("undecided", say("only undecided")),
            ]
        )

    def draw_content(self) -> Markup:
        found = self.found()
        shown, pager = self.on_page(found)
        return join(
            [
                tag("p", self._summary(len(found)), role="status"),
                self._tables(shown, [self._live_row(anomaly) for anomaly in shown]),
                pager,
            ]
        )

    def html_face(self) -> Markup:
        found = self.found()
        limit = room(_HEAD_BYTES)
        fitted = fit(found, [_short_row, _static_row], limit)
        left_out = len(found) - len(fitted.rows)
        return join(
            [
                tag("p", self._summary(len(found))),
                self._tables(found[: len(fitted.rows)], list(fitted.rows)),
                left_out_note(left_out, count(left_out, "anomaly", "anomalies")),
            ]
        )

    def text_face(self) -> str:
        return "\n".join([self._summary(len(self.anomalies)), *first_lines(self.anomalies, _NAMED, _line)])

    def _summary(self, shown: int) -> str:
        if not self.anomalies:
            return say("✓ The data follow their schema.")
        by_severity = Counter[str](anomaly.severity for anomaly in self.anomalies)
        by_decision = Counter(anomaly.decided for anomaly in self.anomalies if anomaly.decided)
        parts = [count(by_severity[name], name) for name in _GROUPS if by_severity[name]]
        parts += [
            f"{number(by_decision[what])} {say(word)}" for what, word in _DECIDED.items() if by_decision[what]
        ]
        return f"{found_of(shown, len(self.anomalies), 'anomaly', 'anomalies')}: {', '.join(parts)}"

    def _tables(self, anomalies: Sequence[Anomaly], rows: Sequence[Markup]) -> Markup | None:
        """One table per severity, of the rows drawn for the anomalies."""
        if not anomalies:
            return None
        drawn = list(zip(anomalies, rows, strict=True))
        bodies = []
        for severity, (sign, title, class_) in _GROUPS.items():
            mine = [row for anomaly, row in drawn if anomaly.severity == severity]
            if mine:
                heading = tag(
                    "th",
                    f"{sign} {say(title)} ({number(len(mine))})",
                    colspan=len(COLUMNS),
                    scope="rowgroup",
                    class_=class_,
                )
                bodies.append(tag("tbody", tag("tr", heading), mine))
        head = tag("thead", tag("tr", [wide_title(say(name), width) for name, width in COLUMNS.items()]))
        table = tag("table", head, bodies, class_="features")
        return scrollable(table, say("Anomalies"))

    def _live_row(self, anomaly: Anomaly) -> Markup:
        is_open = anomaly.key == self.opened
        name = controls.opener(anomaly.key, anomaly.feature, is_open=is_open)
        row = tag("tr", cells(anomaly, name))
        return join([row, opened_row(self._detail(anomaly), len(COLUMNS))]) if is_open else row

    def _detail(self, anomaly: Anomaly) -> Markup:
        label = say("Decide about {name}", name=anomaly.feature)
        form = decision_form(label, (self.who, self.why), say_each(ACTIONS), anomaly.key)
        return tag(
            "div",
            tag("p", anomaly.found),
            rows_at_fault(anomaly),
            told(*self.done),
            form if self.decide else None,
            class_="detail",
        )


_DECIDED = {"ignore": marked("ignored here"), "accept": marked("accepted"), "block": marked("blocked")}


def _short_row(anomaly: Anomaly) -> Markup:
    return tag("tr", cells(anomaly, tag("b", anomaly.feature)))


def _static_row(anomaly: Anomaly) -> Markup:
    details = tag(
        "details",
        tag("summary", say("Rows of {feature}", feature=anomaly.feature)),
        tag("p", anomaly.found),
        rows_at_fault(anomaly),
    )
    return join([_short_row(anomaly), opened_row(details, len(COLUMNS))])


def _line(anomaly: Anomaly) -> str:
    rows = (
        say(" ({rows} of {of} rows)", rows=number(anomaly.rows), of=number(anomaly.of))
        if anomaly.rows is not None
        else ""
    )
    decided = f", {say(_DECIDED[anomaly.decided])}" if anomaly.decided else ""
    sign, _, _ = _GROUPS[anomaly.severity]
    return f"{sign} {anomaly.split}, {anomaly.feature}: {anomaly.what}{rows}{decided}"
