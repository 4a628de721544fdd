"""A form for each signature of a model: fill it in or take a row, send it, and see the answer and its time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import traitlets

from widgets.asked_view import AskedView
from widgets.face import room
from widgets.paged_view import SearchedView
from widgets.parts import controls
from widgets.parts.budget import fit, left_out_note
from widgets.parts.formats import count, first_lines, number
from widgets.parts.language import say
from widgets.parts.markup import Markup, join, tag
from widgets.parts.modules import source, styles
from widgets.parts.signature_answer import Sent, answer, earlier
from widgets.parts.signature_form import fields_table, static_fields, takes, tensors
from widgets.row_form import BY_HAND, RowForm
from widgets.values.signatures import Field, Send, Signature, Take, signature

_EARLIER = 5  # answers kept
_STATIC_FIELDS = 60  # of a request in a static face
_NAMED = 4  # signatures named by the text face
_HEAD_BYTES = 4_000  # of a static face without its signatures


class Signatures(SearchedView, RowForm, AskedView):
    """Shows what a model takes and gives, and asks it.

    Where nobody can fill in a form, each signature is asked once with the row that the state names.

    Args:
        signatures: the signatures of the model, the most important first.
        rows: how many rows each split has; its order is the order of the splits.
        take: fills in a form with a row.
        send: asks the model.
        state: traits to begin with, such as `signature="examples"`.
    """

    title = "Signatures"
    _css = styles("signatures/signatures.css")

    signature = traitlets.Unicode(help="name of the signature that is queried").tag(
        sync=True, redraw=True, narrows=True
    )

    def __init__(
        self, signatures: Sequence[Signature], rows: Mapping[str, int], take: Take, send: Send, **state: Any
    ) -> None:
        self.signatures = {one.name: one for one in signatures}
        self._take_row, self._send_texts = take, send
        self._taken: tuple[object, Mapping[str, str]] | None = None
        self.answers: list[Sent] = []
        self._unasked: dict[str, Sent] = {}
        super().__init__(rows=rows, **{"signature": next(iter(self.signatures), ""), **state})

    @classmethod
    def of(cls, summary: Mapping[str, Any], take: Take, send: Send, **state: Any) -> Self:
        """Show a plain record with `signatures` and `rows`."""
        return cls([signature(one) for one in summary["signatures"]], summary["rows"], take, send, **state)

    def texts(self, name: str) -> dict[str, str]:
        """The texts in the form of a signature: the row, and what was written over it."""
        return {**self._row_of(name), **self.written.get(name, {})}

    def found(self) -> list[Field]:
        """The fields of the chosen signature that match the search."""
        chosen = self.signatures.get(self.signature)
        return self.having_words(chosen.fields if chosen else (), lambda field: field.name)

    @traitlets.validate("signature", "split")
    def _known(self, proposal: Mapping[str, Any]) -> str:
        names = [*self.signatures] if proposal["trait"].name == "signature" else [*self.rows, BY_HAND]
        if proposal["value"] not in {*names, ""}:
            raise traitlets.TraitError(
                say(
                    "Expected one of {names} as {trait}, found {value!r}. Choose one of them.",
                    names=", ".join(filter(None, names)),
                    trait=proposal["trait"].name,
                    value=proposal["value"],
                )
            )
        return str(proposal["value"])

    @traitlets.validate("written")
    def _without_what_is_there(self, proposal: Mapping[str, Any]) -> dict[str, dict[str, str]]:
        """Drop texts that equal the original, and those of unknown fields."""
        left = {
            name: {
                field: text for field, text in fields.items() if self._row_of(name).get(field, text) != text
            }
            for name, fields in proposal["value"].items()
            if name in self.signatures
        }
        return {name: fields for name, fields in left.items() if fields}

    def act(self, _asked: Sequence[str], /) -> None:
        self.answers = [*self.answers, self._sent(self.signature)][-_EARLIER - 1 :]
        self.content = self.draw_content()

    def draw_controls(self) -> Markup:
        splits = {split: f"{split}: {count(amount, 'row')}" for split, amount in self.rows.items()}
        return join(
            [
                controls.choice("signature", say("Signature"), {name: name for name in self.signatures}),
                controls.choice("split", say("Take a row of"), {**splits, BY_HAND: say("an empty form")}),
                controls.number_box("row", say("Row, from 0")),
                controls.search_box() if self._is_long() else None,
            ]
        )

    def draw_content(self) -> Markup:
        chosen = self.signatures.get(self.signature)
        if chosen is None:
            return tag("p", say("The model has no signature."), role="status")
        last = self.answers[-1] if self.answers else None
        more = tag("summary", say("Inputs and outputs of {name}", name=chosen.name))
        return join(
            [
                tag("p", takes(chosen), role="status"),
                tag(
                    "div",
                    self._form(chosen, last),
                    tag("div", answer(last) if last else _nothing_yet(), earlier(self.answers[:-1])),
                    class_="asking",
                ),
                tag("details", more, tensors(chosen)),
            ]
        )

    def html_face(self) -> Markup:
        css = source("signatures/signatures.css")
        limit = room(len(css) + _HEAD_BYTES)
        shown = list(self.signatures.values())
        fitted = fit(
            shown,
            [_listed, lambda one: self._static(one, self._latest(one.name))],
            limit,
        )
        left_out = len(shown) - len(fitted.rows)
        return join(
            [
                tag("style", Markup(css)),
                fitted.rows or tag("p", say("The model has no signature.")),
                left_out_note(left_out, count(left_out, "signature")),
            ]
        )

    def text_face(self) -> str:
        names = list(self.signatures)
        return "\n".join([count(len(names), "signature"), *first_lines(names, _NAMED, self._line)])

    def _line(self, name: str) -> str:
        sent = self._latest(name)
        return f"{name}: {sent.first if sent.refused else f'{sent.first}, {sent.time}'}"

    def _row_of(self, name: str) -> Mapping[str, str]:
        asked = (name, self.split, self.row)
        if self._taken is None or self._taken[0] != asked:
            self._taken = (asked, self._take_row(*asked))
        return self._taken[1]

    def _sent(self, name: str) -> Sent:
        source = (
            say("row {row} of {split}", row=number(self.row), split=self.split)
            if self.split
            else say("a form filled in by hand")
        )
        changed = len(self.written.get(name, {})) if self.split else 0
        told = (
            say("{source}, {values} changed", source=source, values=count(changed, "value"))
            if changed
            else source
        )
        texts = self.texts(name)
        return Sent(name, told, texts, self._send_texts(name, texts))

    def _latest(self, name: str) -> Sent:
        """The signature's latest answer; it is asked if it has not been yet."""
        latest = {sent.signature: sent for sent in [*self._unasked.values(), *self.answers]}
        if name not in latest:
            latest[name] = self._unasked[name] = self._sent(name)
        return latest[name]

    def _is_long(self) -> bool:
        return any(len(one.fields) > self.page_rows for one in self.signatures.values())

    def _form(self, chosen: Signature, last: Sent | None) -> Markup:
        found = self.found()
        shown, pager = self.on_page(found)
        texts = self.texts(chosen.name)
        wrong = last.still_wrong(texts) if last and last.signature == chosen.name else {}
        send = controls.button("asked", ["send"], say("Send"), key="send")
        back = controls.button("written", {}, say("Discard changes"), key="discard")
        return tag(
            "div",
            tag("div", send, back if self.written else None, class_="send"),
            fields_table(chosen, shown, texts, wrong),
            pager,
            role="group",
            aria_label=say("Request to {name}", name=chosen.name),
        )

    def _static(self, one: Signature, sent: Sent) -> Markup:
        form = static_fields(one.fields[:_STATIC_FIELDS], sent.texts, sent.still_wrong(sent.texts))
        left_out = len(one.fields) - _STATIC_FIELDS
        note = (
            tag("p", say("{amount} more", amount=count(left_out, "field")), class_="note")
            if left_out > 0
            else None
        )
        request = tag("summary", say("Request: {source}", source=sent.source))
        more = tag("summary", say("Inputs and outputs of {name}", name=one.name))
        return tag(
            "div",
            tag("p", tag("b", one.name), f" · {takes(one)}"),
            answer(sent),
            tag("details", request, form, note),
            tag("details", more, tensors(one)),
            class_="asked",
        )


def _listed(one: Signature) -> Markup:
    return tag("p", tag("b", one.name), f" · {takes(one)}")


def _nothing_yet() -> Markup:
    return tag("p", say("Nothing was sent yet."), class_="note")
