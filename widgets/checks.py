"""A table of checks: what was examined, what was found, and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from widgets.face import Face
from widgets.parts.language import marked, say
from widgets.parts.markup import Markup, prose, tag
from widgets.parts.tables import listing

_SIGNS = {
    "ok": marked("✓ ok"),
    "skip": marked("○ skipped"),
    "warn": marked("! warning"),
    "fail": marked("✗ failed"),
}
_CLASSES = {"ok": "good", "skip": "note", "warn": "bad", "fail": "bad"}
_NOTHING = marked("There is nothing to report.")

Row = tuple[str, str, str, str]


class Checks(Face):
    """Shows rows of (name, found, state, what to do); states are `ok`, `skip`, `warn` and `fail`."""

    title = "Checks"

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = tuple(rows)

    def text_face(self) -> str:
        if not self.rows:
            return say(_NOTHING)
        return "\n".join(
            f"{say(_SIGNS[state]):9} {name}: {found}{f' - {todo}' if todo else ''}"
            for name, found, state, todo in self.rows
        )

    def html_face(self) -> Markup:
        if not self.rows:
            return tag("p", say(_NOTHING), class_="note")
        titles = (say("state"), say("check"), say("what was found"), say("what to do"))
        return listing(titles, map(_row, self.rows), say(self.title))


def _row(row: Row) -> Markup:
    name, found, state, todo = row
    sign = tag("td", say(_SIGNS[state]), class_=f"{_CLASSES[state]} sign")
    return tag("tr", sign, tag("th", name, scope="row"), tag("td", prose(found)), tag("td", prose(todo)))
