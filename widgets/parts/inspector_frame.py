"""The frame of the Transform inspector: row navigation, the table, and notes."""

from __future__ import annotations

from collections.abc import Sequence

from widgets.parts import controls
from widgets.parts.formats import count, shorten
from widgets.parts.inspector_rows import LETTERS, TITLES
from widgets.parts.language import say
from widgets.parts.markup import Markup, tag
from widgets.parts.tables import listing, opened_row
from widgets.values.features import Vocabulary

_FIRST_WORDS = 5


def turn(place: str, row: int, rows: int, *, can_discard: bool) -> Markup:
    """The current row, the ways to its neighbours, and back to its original values.

    Args:
        place: the row in words.
        row: its number, from 0.
        rows: the number of rows; 0: none to turn to.
        can_discard: whether anything was written over it.
    """
    last = rows - 1
    ways = [
        controls.button(
            "row",
            last,
            text,
            key=f"row {step}",
            data_step=step,
            aria_disabled=None if 0 <= row + step <= last else "true",
        )
        for text, step in ((say("Previous row"), -1), (say("Next row"), 1))
    ]
    back = controls.button("written", {}, say("Discard changes"), key="discard")
    said = tag("b", place, role="status")
    return tag(
        "nav",
        said,
        ways if rows else None,
        back if can_discard else None,
        class_="turn",
        aria_label=say("Rows"),
    )


def columns_table(rows: Sequence[Markup]) -> Markup:
    return listing(map(say, TITLES), rows, say("Columns"), class_="inspected")


def detail_row(content: Markup) -> Markup:
    return opened_row(content, len(TITLES))


def unused(vocabulary: Vocabulary) -> str:
    """Describe vocabularies that no feature uses."""
    words = ", ".join(shorten(word, LETTERS) for word in vocabulary.words[:_FIRST_WORDS])
    more = " …" if len(vocabulary.words) > _FIRST_WORDS else ""
    size = count(len(vocabulary.words), "word")
    return say(
        "No feature uses the vocabulary {name}, {size}: {words}{more}",
        name=vocabulary.name,
        size=size,
        words=words,
        more=more,
    )
