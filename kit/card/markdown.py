"""A card as Markdown, for a repository or a wiki."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kit.card.document import Block, Card, Items, Table, Text

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~])")


def as_markdown(card: Card) -> str:
    """Return the text of a card."""
    lines = [f"# {_escaped(card.title)}", "", f"**{_escaped(card.verdict)}**"]
    for part in card.parts:
        lines += ["", f"## {_escaped(part.heading)}"]
        for block in part.blocks:
            if written := list(_lines(block)):
                lines += ["", *written]
    return "\n".join(lines) + "\n"


def _lines(block: Block) -> Iterator[str]:
    if isinstance(block, Text):
        yield _escaped(block.text)
    elif isinstance(block, Items):
        yield from (f"- {_escaped(item)}" for item in block.items)
    elif isinstance(block, Table):
        yield _row([_escaped(name) for name in block.header])
        yield _row(["---:" if place in block.numbers else "---" for place in range(len(block.header))])
        yield from (_row([_escaped(cell) for cell in row]) for row in block.rows)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _escaped(text: str) -> str:
    """Escape names and values of the data: no headings, links or markup; a cell stays on its line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
