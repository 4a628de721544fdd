"""Parity: how far features and scores by each serving way are from training's, the first fault first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from widgets.face import Face, room
from widgets.parts.budget import fit
from widgets.parts.formats import MISSING, count, first_lines, number
from widgets.parts.language import say
from widgets.parts.markup import BREAK, Markup, join, tag
from widgets.parts.tables import listing
from widgets.values.parity import Difference

_NAMED = 3  # values named by the text face
_HEAD_BYTES = 6_000  # of a static face without its rows
_WRAPPED = "white-space:normal"  # of cells that hold more than a number


class Parity(Face):
    """Shows one row per value, features before the score, and one column per way; values that differ come first.

    Args:
        differences: the differences, in the order in which a row goes.
        rows: how many were compared.
        left_out: ways that were not there, and why.
        kept_from: when they were compared, if earlier; empty: just now.
    """

    title = "Parity"

    def __init__(
        self,
        differences: Sequence[Difference],
        *,
        rows: int = 0,
        left_out: Sequence[str] = (),
        kept_from: str = "",
    ) -> None:
        self._rows, self._left_out, self._kept_from = rows, tuple(left_out), kept_from
        self._ways = list(dict.fromkeys(one.way for one in differences))
        self._values: dict[str, dict[str, Difference]] = {}
        for one in differences:
            self._values.setdefault(one.value, {})[one.way] = one
        self._wrong = [one for one in differences if not one.ok]

    def html_face(self) -> Markup:
        if not self._values:
            return tag("p", self._sentence())
        wrong = {one.value for one in self._wrong}
        ordered = sorted(self._values, key=lambda value: value not in wrong)  # otherwise in their own order
        fitted = fit(ordered, [self._row], room(_HEAD_BYTES))
        left = len(ordered) - len(fitted.rows)
        notes = [
            *([say("{values} not shown here", values=count(left, "value"))] if left else []),
            *self._left_out,
        ]
        return join(
            [
                tag(
                    "p",
                    "! " if self._wrong else "✓ ",
                    self._sentence(),
                    class_="bad" if self._wrong else "good",
                ),
                listing((say("Value"), *self._ways), fitted.rows, say("Differences")),
                tag("p", say("Left out: {notes}.", notes="; ".join(notes)), class_="note") if notes else None,
                tag("p", self._kept(), class_="note") if self._kept_from else None,
            ]
        )

    def text_face(self) -> str:
        kept = [self._kept()] if self._kept_from else []
        return "\n".join([self._sentence(), *first_lines(self._wrong, _NAMED, _line), *kept])

    def _kept(self) -> str:
        return say("Kept from {when}: nothing that they depend on has changed.", when=self._kept_from)

    def _sentence(self) -> str:
        if not self._values:
            return say("Nothing was compared yet.")
        of = say("{rows} by {ways}", rows=count(self._rows, "row"), ways=count(len(self._ways), "way"))
        if not self._wrong:
            return say("{of}: features and scores are those of training, within their bounds.", of=of)
        first = self._wrong[0]
        return say(
            "{of}: {value} by {way} is the first that differs from training.",
            of=of,
            value=first.value,
            way=first.way,
        )

    def _row(self, value: str) -> Markup:
        ways = self._values[value]
        return tag("tr", tag("th", value, scope="row"), [_cell(ways, way) for way in self._ways])


def _cell(ways: Mapping[str, Difference], way: str) -> Markup:
    one = ways.get(way)
    if one is None:
        return tag("td", MISSING, class_="number")
    if one.ok:
        return tag("td", number(one.largest), class_="number")
    said = say(
        "row {row}: {found}, not {expected}", row=number(one.row), found=one.found, expected=one.expected
    )
    note = tag("span", BREAK, tag("span", said, class_="note"))
    return tag("td", f"! {number(one.largest)}", note, class_="bad", style=_WRAPPED)


def _line(one: Difference) -> str:
    return say(
        "{value} by {way}: {found}, not {expected}, in row {row}",
        value=one.value,
        way=one.way,
        found=one.found,
        expected=one.expected,
        row=one.row,
    )
