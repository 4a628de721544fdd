"""How many rows a static face can show in detail within its byte budget."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from widgets.parts.markup import Markup

Row = TypeVar("Row")


@dataclass(frozen=True)
class Fitted:
    """Rows as they are shown, and how many of them have each level of detail or a higher one."""

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


def stored_bytes(markup: str) -> int:
    """What markup takes in a notebook file: UTF-8 in a JSON text, where a quotation mark needs a backslash."""
    return len(markup.encode()) + markup.count('"')
