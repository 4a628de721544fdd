"""Translate a card into the reader's language: the kit's sentences only, not names, values or project.yml's texts."""

from __future__ import annotations

from dataclasses import replace

from kit.card.document import Bars, Block, Card, Items, Part, Text
from kit.translation.labels import label
from kit.translation.messages import parts_in_language


def in_readers_language(card: Card) -> Card:
    """Return the card with its headings, sentences and titles in the language that KIT_LANGUAGE names."""
    parts = [Part(label(part.heading), list(map(_block, part.blocks))) for part in card.parts]
    title, verdict = parts_in_language(card.title), parts_in_language(card.verdict)
    return replace(card, title=title, verdict=verdict, parts=parts)


def _block(block: Block) -> Block:
    if isinstance(block, Text):
        return Text(parts_in_language(block.text))
    if isinstance(block, Items):
        return Items(list(map(parts_in_language, block.items)))
    if isinstance(block, Bars):
        return replace(block, title=parts_in_language(block.title))
    rows = [
        [label(cell) if place in block.said else cell for place, cell in enumerate(row)] for row in block.rows
    ]
    return replace(block, header=list(map(label, block.header)), rows=rows)
