"""How many rows a static face can show in detail within its byte budget."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from widgets.parts.language import say
from widgets.parts.markup import Markup, tag

Row = TypeVar("Row")


@dataclass(frozen=True)
class Fitted:
    """The drawn rows, and how many of them have each level of detail or a higher one."""

    rows: tuple[Markup, ...]
    with_level: tuple[int, ...]


def fit(items: Sequence[Row], levels: Sequence[Callable[[Row], Markup]], limit: int) -> Fitted:
    """Draw rows within a number of bytes: as many as possible plainly, then the first ones in more and more detail.

    Args:
        items: what each row shows, the most important first.
        levels: ways to draw a row, the shortest first.
        limit: bytes that all rows together may take in a notebook file.
    """
    rows: list[Markup] = []
    counts = []
    for level, draw in enumerate(levels):
        done = 0
        for index, item in enumerate(items if level == 0 else items[: len(rows)]):
            drawn = draw(item)
            more = stored_bytes(drawn) - (stored_bytes(rows[index]) if level else 0)
            if more > limit:
                break
            limit -= more
            if level:
                rows[index] = drawn
            else:
                rows.append(drawn)
            done += 1
        counts.append(done)
    return Fitted(tuple(rows), tuple(counts))


def left_out_note(left_out: int, amount: str) -> Markup | None:
    """The note below rows when some had no room; the amount comes with its noun, as in `3 runs`."""
    if not left_out:
        return None
    text = say("{amount} left out here; the live view in JupyterLab has all.", amount=amount)
    return tag("p", text, class_="note")


def stored_bytes(markup: str) -> int:
    """The bytes of markup in a notebook file: UTF-8 in a JSON string, where a quotation mark needs a backslash."""
    return len(markup.encode()) + markup.count('"')
