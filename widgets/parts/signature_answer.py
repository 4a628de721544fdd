"""What a model answered: each output, the time, and earlier answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from widgets.parts.formats import MISSING, count, number, shorten
from widgets.parts.language import say
from widgets.parts.markup import Markup, join, tag
from widgets.parts.signature_form import VALUE_LETTERS
from widgets.parts.tables import scrollable, titled_table
from widgets.values.signatures import Answered

_OUTPUTS = 60  # shown of one answer
_LETTERS = 36  # of an earlier answer


@dataclass(frozen=True)
class Sent:
    """A request and its outcome; `source` says in words where its texts come from."""

    signature: str
    source: str
    texts: Mapping[str, str]
    answered: Answered

    @property
    def refused(self) -> str:
        """Why there is no answer; empty: there is one."""
        wrong, _, _ = self.answered
        if not wrong:
            return ""
        return wrong.get("") or say("{values} not valid; nothing was sent", values=count(len(wrong), "value"))

    def still_wrong(self, texts: Mapping[str, str]) -> dict[str, str]:
        """What was wrong with the fields whose text is still the same."""
        wrong, _, _ = self.answered
        return {name: why for name, why in wrong.items() if texts.get(name, "") == self.texts.get(name, "")}

    @property
    def time(self) -> str:
        _, _, milliseconds = self.answered
        return MISSING if self.refused else f"{number(round(milliseconds, 2))} ms"

    @property
    def first(self) -> str:
        """The first output in a few characters, or why there is none."""
        _, outputs, _ = self.answered
        if not outputs:
            return f"✗ {self.refused}" if self.refused else ""
        name, _, values = outputs[0]
        return f"{name} {shorten(values, _LETTERS)}"


def answer(sent: Sent) -> Markup:
    """One answer in full."""
    if sent.refused:
        return tag("p", f"✗ {sent.refused}", class_="bad", role="alert")
    _, outputs, _ = sent.answered
    line = tag(
        "p",
        say("✓ {signature} answered in {time}: ", signature=sent.signature, time=sent.time),
        sent.source,
        class_="good",
        role="alert",
    )
    rows = [
        tag(
            "tr",
            tag("th", tag("b", name), tag("small", " ", shape), scope="row"),
            tag("td", shorten(values, VALUE_LETTERS)),
        )
        for name, shape, values in outputs[:_OUTPUTS]
    ]
    more = len(outputs) - _OUTPUTS
    table = titled_table((say("Output"), say("Values")), rows, class_="answer")
    return join(
        [
            line,
            scrollable(table, say("Answer"), class_="kit-scroll-x"),
            tag("p", say("{amount} more", amount=count(more, "output")), class_="note") if more > 0 else None,
        ]
    )


def earlier(answers: Sequence[Sent]) -> Markup | None:
    """Earlier answers, the latest first."""
    if not answers:
        return None
    rows = [
        tag(
            "tr",
            tag("th", sent.signature, scope="row"),
            tag("td", sent.source),
            tag("td", sent.first),
            tag("td", sent.time, class_="number"),
        )
        for sent in reversed(answers)
    ]
    titles = (say("Signature"), say("Sent"), say("First output"), say("Time"))
    table = titled_table(titles, rows, caption=say("Earlier answers"), class_="earlier")
    return scrollable(table, say("Earlier answers"), class_="kit-scroll-x")
