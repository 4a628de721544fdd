"""The model's attention over a user's past, example by example."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import traitlets

from widgets.face import room
from widgets.paged_view import SearchedView
from widgets.parts import controls
from widgets.parts.attention_rows import Row, cells, detail, legend, same_group, table
from widgets.parts.budget import fit, left_out_note
from widgets.parts.formats import count, number, share
from widgets.parts.language import marked, say, say_each
from widgets.parts.markup import Markup, join, tag
from widgets.values.attention import Example

ALL, ABOVE, NOT_ABOVE = "all", "above", "not above"
LABELS = {ALL: marked("any label"), ABOVE: marked("label above 0"), NOT_ABOVE: marked("label 0")}
ORDERS = {
    "given": marked("as given"),
    "score": marked("highest score first"),
    "peak": marked("strongest attention first"),
}
_NAMED = 3  # examples named by the text face
_HEAD_BYTES = 8_000  # of a static face without its rows


class Attention(SearchedView):
    """Shows examples with their score and label, and for an opened one what the model looked at.

    Args:
        examples: the examples of rows that the model was not trained on.
        state: traits to begin with, such as `opened="3"`.
    """

    title = "Attention"
    page_rows = 15

    label_is = traitlets.Enum(list(LABELS), ALL, help="which examples are shown").tag(
        sync=True, redraw=True, narrows=True
    )
    order = traitlets.Enum(list(ORDERS), "given", help="which examples come first").tag(
        sync=True, redraw=True, narrows=True
    )
    opened = traitlets.Unicode("0", help="index of the example that is opened").tag(sync=True, redraw=True)

    def __init__(self, examples: Sequence[Example], **state: Any) -> None:
        self.rows = [Row(place, one) for place, one in enumerate(examples)]
        super().__init__(**state)

    def found(self) -> list[Row]:
        """The examples that match search and label, in the chosen order."""
        left = [
            row
            for row in self.having_words(self.rows, lambda row: row.words)
            if self.label_is == ALL or (row.example.label > 0) == (self.label_is == ABOVE)
        ]
        keys: dict[str, Callable[[Row], float]] = {
            "given": lambda _: 0,
            "score": lambda row: -row.example.score,
            "peak": lambda row: -row.peak,
        }
        return sorted(left, key=keys[self.order])

    def draw_controls(self) -> Markup:
        if not self.rows:  # nothing to search or to sort
            return Markup("")
        return join(
            [
                legend(),
                controls.search_box(),
                controls.choice("label_is", say("Show"), say_each(LABELS)),
                controls.choice("order", say("Sort by"), say_each(ORDERS)),
            ]
        )

    def draw_content(self) -> Markup:
        found = self.found()
        shown, pager = self.on_page(found)
        rows = [self._row(row) for row in shown]
        return join(
            [
                tag("p", self._sentence(found), role="status"),
                table(rows) if rows else None,
                pager,
            ]
        )

    def html_face(self) -> Markup:
        levels = [
            lambda row: tag("tr", cells(row, tag("b", row.example.candidate))),
            lambda row: join([tag("tr", cells(row, tag("b", row.example.candidate))), _folded(row)]),
        ]
        fitted = fit(self.rows[: self.page_rows], levels, room(_HEAD_BYTES))
        left_out = len(self.rows) - len(fitted.rows)
        return join(
            [
                tag("p", legend()) if self.rows else None,
                tag("p", self._sentence(self.rows)),
                table(fitted.rows) if fitted.rows else None,
                left_out_note(left_out, count(left_out, "example")),
            ]
        )

    def text_face(self) -> str:
        if not self.rows:
            return self._sentence(self.rows)
        lines = [say("Attention in {examples}", examples=self._sentence(self.rows))]
        for row in self.rows[:_NAMED]:
            one = row.example
            looks = (
                say(", looks most at {name} ({peak})", name=row.most.name, peak=share(row.peak))
                if row.most
                else ""
            )
            lines.append(
                say(
                    "{candidate}: score {score}, label {label}{looks}",
                    candidate=one.candidate,
                    score=number(one.score),
                    label=number(one.label),
                    looks=looks,
                )
            )
        return "\n".join(lines)

    def _row(self, row: Row) -> Markup:
        is_open = row.key == self.opened
        name = controls.opener(row.key, row.example.candidate, is_open=is_open)
        drawn = tag("tr", cells(row, name))
        return join([drawn, row.detail_row(detail(row.example))]) if is_open else drawn

    def _sentence(self, found: Sequence[Row]) -> str:
        if not self.rows:
            return say("Nothing to show: the model has no attention.")
        of = say(" of {total}", total=number(len(self.rows))) if len(found) < len(self.rows) else ""
        same = same_group(found)
        said = (
            say("; {same} of the attention is on the candidate's own group", same=share(same))
            if same is not None
            else ""
        )
        return say("{examples}{of}{same}.", examples=count(len(found), "example"), of=of, same=said)


def _folded(row: Row) -> Markup:
    summary = tag("summary", say("What {candidate} was compared with", candidate=row.example.candidate))
    return row.detail_row(tag("details", summary, detail(row.example)))
