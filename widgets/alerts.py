"""The list of alerts, newest first, each with its evidence, to be acknowledged or muted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import traitlets

from widgets.decided_view import DecidedView
from widgets.face import room
from widgets.parts import controls
from widgets.parts.alert_detail import evidence
from widgets.parts.budget import fit
from widgets.parts.decision_form import decision_form, told
from widgets.parts.formats import count, first_lines, moment, number
from widgets.parts.language import marked, say, say_each
from widgets.parts.markup import Markup, join, prose, tag
from widgets.parts.tables import opened_row, scrollable, wide_title
from widgets.values.alerts import Alert, DecideAlert, alert

_ACTIONS = {"acknowledge": marked("Acknowledge"), "mute": marked("Mute until the day")}
_TAKE_BACK = {"open": marked("Open again")}
# Minimum widths in pixels.
_COLUMNS = {
    marked("Alert"): 150,
    marked("Found"): 220,
    marked("Times"): 0,
    marked("Last seen (UTC)"): 110,
    marked("State"): 110,
}
_SIGNS = {"fail": marked("✗ blocks"), "warn": marked("! warning")}
_STATES = (marked("open"), marked("acknowledged"), marked("resolved"))
_NAMED = 4  # named by the text face
_HEAD_BYTES = 4_000  # of a static face without its rows


class Alerts(DecidedView):
    """Shows incidents, and lets a person decide about each if `decide` is given.

    Args:
        alerts: the newest first.
        decide: takes decisions; None: there is nothing to decide.
        again: returns the alerts after a decision; None: they stay as they were.
        state: traits to begin with, such as `who="Ann"`.
    """

    title = "Alerts"

    until = traitlets.Unicode(help="last day of a mute, such as 2026-01-31").tag(sync=True)

    def __init__(
        self,
        alerts: Sequence[Alert],
        decide: DecideAlert | None = None,
        again: Callable[[], Sequence[Alert]] | None = None,
        **state: Any,
    ) -> None:
        self.alerts, self._again = list(alerts), again
        super().__init__(decide=partial(self._have_decided, decide) if decide else None, **state)

    @classmethod
    def of(
        cls,
        records: Callable[[], Iterable[Mapping[str, Any]]],
        decide: DecideAlert | None = None,
        **state: Any,
    ) -> Alerts:
        """Make the view from a source of records whose keys are the fields of an alert."""

        def alerts() -> list[Alert]:
            return [alert(record) for record in records()]

        return cls(alerts(), decide, alerts, **state)

    def found(self) -> list[Alert]:
        """The alerts that match the search."""
        return self.having_words(self.alerts, _words)

    def _have_decided(self, decide: DecideAlert, action: str, key: str) -> str:
        told = decide(key, action, self.who, self.why, self.until)
        if self._again:
            self.alerts = list(self._again())
        return told

    def draw_controls(self) -> Markup:
        return controls.search_box()

    def draw_content(self) -> Markup:
        found = self.found()
        shown, pager = self.on_page(found)
        return join(
            [
                tag("p", self._summary(), role="status"),
                _table([self._live_row(one) for one in shown]),
                pager,
            ]
        )

    def html_face(self) -> Markup:
        fitted = fit(self.alerts, [_row, _static_row], room(_HEAD_BYTES))
        left_out = len(self.alerts) - len(fitted.rows)
        note = (
            say("{alerts} are left out here; `kit alerts list` has all.", alerts=count(left_out, "alert"))
            if left_out
            else None
        )
        return join(
            [
                tag("p", self._summary()),
                _table(fitted.rows),
                tag("p", prose(note), class_="note") if note else None,
            ]
        )

    def text_face(self) -> str:
        return "\n".join([self._summary(), *first_lines(self.alerts, _NAMED, _line)])

    def _summary(self) -> str:
        if not self.alerts:
            return say("✓ No alert is open.")
        by_state = Counter(one.state for one in self.alerts)
        return f"{count(len(self.alerts), 'alert')}: {', '.join(f'{n} {say(name)}' for name, n in by_state.items())}"

    def _live_row(self, one: Alert) -> Markup:
        is_open = one.id == self.opened
        name = controls.opener(one.id, _name(one), is_open=is_open)
        row = tag("tr", _cells(one, name))
        if not is_open:
            return row
        until = tag(
            "label",
            tag("span", say("Mute until")),
            tag("input", type="date", value=self.until, data_trait="until", data_key=f"until {one.id}"),
        )
        decided = one.state == "acknowledged" or one.muted_until
        actions = {**_ACTIONS, **(_TAKE_BACK if decided else {})}
        label = say("Decide about {name}", name=_name(one))
        form = decision_form(label, (self.who, self.why), say_each(actions), one.id, until)
        detail = tag("div", evidence(one), told(*self.done), form if self.decide else None, class_="detail")
        return join([row, opened_row(detail, len(_COLUMNS))])


def _table(rows: Sequence[Markup]) -> Markup | None:
    if not rows:
        return None
    heads = [wide_title(say(name), width) for name, width in _COLUMNS.items()]
    table = tag("table", tag("thead", tag("tr", heads)), tag("tbody", list(rows)), class_="features")
    return scrollable(table, say("Alerts"))


def _cells(one: Alert, name: Markup) -> Markup:
    state = [_state(one), tag("small", one.decided) if one.decided else None]
    return join(
        [
            tag("th", name, tag("small", one.about), scope="row"),
            tag(
                "td",
                tag("span", _sign(one), class_="bad sign" if one.severity == "fail" else "sign"),
                " ",
                one.found,
            ),
            tag("td", number(one.times), class_="number"),
            tag("td", moment(one.last_seen)),
            tag("td", state),
        ]
    )


def _row(one: Alert) -> Markup:
    return tag("tr", _cells(one, tag("b", _name(one))))


def _static_row(one: Alert) -> Markup:
    details = tag("details", tag("summary", say("Evidence of {name}", name=_name(one))), evidence(one))
    return join([_row(one), opened_row(details, len(_COLUMNS))])


def _line(one: Alert) -> str:
    return f"{_sign(one)} {_name(one)}: {one.found} [{_state(one)}]"


def _name(one: Alert) -> str:
    return f"{one.check}, {one.subject}" if one.subject else one.check


def _sign(one: Alert) -> str:
    return say(_SIGNS.get(one.severity, one.severity))


def _state(one: Alert) -> str:
    state = say(one.state)
    if not one.muted_until:
        return state
    return say("{state}, muted until {day}", state=state, day=moment(one.muted_until))


def _words(one: Alert) -> str:
    return f"{_name(one)} {one.about} {one.found} {one.state}"
