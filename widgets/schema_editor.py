"""The schema editor: an editable table, the difference to the saved schema, and the anomalies that would remain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import traitlets

from widgets.asked_view import AskedView
from widgets.face import room
from widgets.paged_view import SearchedView
from widgets.parts import controls
from widgets.parts.budget import fit, left_out_note
from widgets.parts.decision_form import attempt, decision_form, told
from widgets.parts.formats import MISSING, count, first_lines, number
from widgets.parts.language import say
from widgets.parts.markup import Markup, join, tag
from widgets.parts.modules import styles
from widgets.parts.rule_rows import TITLES, live_row, static_row
from widgets.parts.tables import listing, scrollable, titled_table
from widgets.values.decisions import Check, Edits, Rows, Rule, Save
from widgets.written_view import WrittenView

_LISTED = 50  # differences and anomalies shown
_NAMED = 3  # anomalies named by the text face
_HEAD_BYTES = 40_000  # of a static face without its rows


class SchemaEditor(SearchedView, WrittenView, AskedView):
    """Shows the rules of features, takes edits, and checks them as they are made.

    Args:
        rules: the saved rules, in the order of the schema.
        check: returns the effect of a set of edits.
        save: saves edits; None: saving is not possible here.
        state: traits to begin with, such as `edits={"age": {"presence": "0.9"}}`.
    """

    title = "Schema"
    _css = styles("schema_editor/cells.css")

    changed = traitlets.Bool(help="whether only edited features are shown").tag(
        sync=True, redraw=True, narrows=True
    )
    edits = traitlets.Dict(
        value_trait=traitlets.Dict(value_trait=traitlets.Unicode()), help="feature, field, new text"
    ).tag(sync=True, redraw=True)
    who = traitlets.Unicode(help="name of the person who saves").tag(sync=True)
    why = traitlets.Unicode(help="reason for the change").tag(sync=True)

    def __init__(self, rules: Sequence[Rule], check: Check, save: Save | None = None, **state: Any) -> None:
        self.rules = {rule.feature: rule for rule in rules}
        self._check, self._save = check, save
        self._checked: tuple[Edits, tuple[Edits, Rows, Rows]] | None = None
        self._told = (True, "")
        super().__init__(**state)

    def checked(self) -> tuple[Edits, Rows, Rows]:
        """What is wrong with the edits, the differences and the anomalies; asked for once per set of edits."""
        if self._checked is None or self._checked[0] != self.edits:
            self._checked = (dict(self.edits), self._check(self.edits))
        return self._checked[1]

    def found(self) -> list[Rule]:
        """The saved rules that pass the controls."""
        found = self.having_words(self.rules.values(), lambda rule: rule.feature)
        return [rule for rule in found if not self.changed or rule.feature in self.edits]

    @traitlets.validate("edits")
    def _without_what_is_saved(self, proposal: Mapping[str, Any]) -> dict[str, dict[str, str]]:
        """Drop texts that equal the saved ones; an unknown feature or field stays, for the check to refuse."""
        left = {
            feature: {
                field: text
                for field, text in fields.items()
                if feature not in self.rules or getattr(self.rules[feature], field, None) != text
            }
            for feature, fields in proposal["value"].items()
        }
        return {feature: fields for feature, fields in left.items() if fields}

    @traitlets.observe("edits")
    def _forget_outcome(self, _change: object) -> None:
        self._told = (True, "")

    def act(self, _asked: Sequence[str], /) -> None:
        if self._save is None or not self.edits:  # saved by a press just before this one
            return
        _, changes, _ = self.checked()
        outcome = attempt(partial(self._save, self.edits, self.who, self.why))
        if outcome[0]:
            for feature, field, _, text in changes:
                self.rules[feature] = replace(self.rules[feature], **{field: text})
            self._checked = None
            self.edits, self.why = {}, ""
        self._told = outcome
        self.content = self.draw_content()

    def draw_controls(self) -> Markup:
        return join(
            [controls.search_box(), controls.tick("changed", say("only edited"))],
        )

    def draw_content(self) -> Markup:
        found = self.found()
        shown, pager = self.on_page(found)
        wrong, _, _ = self.checked()
        rows = [
            live_row(rule, self.edits.get(rule.feature, {}), wrong.get(rule.feature, {})) for rule in shown
        ]
        return join(
            [
                tag("p", self._summary(), role="status"),
                _table(rows),
                pager,
                self._consequences(),
                told(*self._told),
                self._form(),
            ]
        )

    def html_face(self) -> Markup:
        found = self.found()
        fitted = fit(
            found,
            [lambda rule: static_row(rule, self.edits.get(rule.feature, {}))],
            room(_HEAD_BYTES),
        )
        left_out = len(found) - len(fitted.rows)
        return join(
            [
                tag("p", self._summary()),
                _table(fitted.rows),
                left_out_note(left_out, count(left_out, "feature")),
                self._consequences(),
            ]
        )

    def text_face(self) -> str:
        _, _, anomalies = self.checked()
        return "\n".join([self._summary(), *first_lines(anomalies, _NAMED, _line)])

    def _summary(self) -> str:
        wrong, changes, anomalies = self.checked()
        mistakes = sum(len(fields) for fields in wrong.values())
        parts = [
            count(len(self.rules), "feature"),
            say("{changes} to the saved schema", changes=count(len(changes), "change"))
            if changes
            else say("as it is saved"),
            say("{amount} not valid", amount=count(mistakes, "value")) if mistakes else "",
            say("{anomalies} with it", anomalies=count(len(anomalies), "anomaly", "anomalies"))
            if anomalies
            else say("no anomalies with it"),
        ]
        return ", ".join(part for part in parts if part)

    def _consequences(self) -> Markup:
        _, changes, anomalies = self.checked()
        named = [
            (feature, say(TITLES.get(field, field)), before or MISSING, after or MISSING)
            for feature, field, before, after in changes
        ]
        return tag(
            "div",
            _list(
                say("Difference to the saved schema"),
                (say("Feature"), say("Field"), say("Saved"), say("New")),
                named,
                say("Nothing differs."),
            ),
            _list(
                say("Anomalies in the statistics with this schema"),
                (say("Split"), say("Feature"), say("Problem"), say("Found")),
                anomalies,
                say("✓ None: the data follow it."),
            ),
            class_="columns",
        )

    def _form(self) -> Markup | None:
        if not self.edits:
            return None
        discard = controls.button("edits", {}, say("Discard all edits"), key="discard")
        if self._save is None:
            return tag("p", discard)
        actions = {"save": say("Save the schema")}
        return decision_form(say("Save the schema"), (self.who, self.why), actions, beside=discard)


def _table(rows: Sequence[Markup]) -> Markup:
    return listing(map(say, TITLES.values()), rows, say("Rules"), class_="rules")


def _list(caption: str, titles: Sequence[str], rows: Rows, nothing: str) -> Markup:
    if not rows:
        return tag("div", tag("p", caption, class_="note"), tag("p", nothing))
    body = [
        tag("tr", tag("th", row[0], scope="row"), [tag("td", text) for text in row[1:]])
        for row in rows[:_LISTED]
    ]
    more = (
        say(" (the first {listed} of {total})", listed=_LISTED, total=number(len(rows)))
        if len(rows) > _LISTED
        else ""
    )
    table = titled_table(titles, body, caption=f"{caption}{more}")
    return scrollable(table, caption, class_="kit-scroll-x")


def _line(anomaly: Sequence[str]) -> str:
    split, feature, what, _ = anomaly
    return f"{split}, {feature}: {what}"
