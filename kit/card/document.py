"""A card as headings, sentences, lists, tables and bars: written once, rendered as Markdown and as a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Text:
    """One paragraph."""

    text: str


@dataclass(frozen=True)
class Items:
    """A list of sentences."""

    items: Sequence[str]


@dataclass(frozen=True)
class Table:
    """Rows of cells; numbers keep their digits, and are aligned right."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[int] = ()
    """Places of the columns that hold numbers."""
    said: Sequence[int] = ()
    """Places of the columns that hold words of the kit, which have translations, and no names or values."""


@dataclass(frozen=True)
class Bar:
    """One slice of a picture: its value, and the bounds of its interval where one is known."""

    name: str
    value: float
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True)
class Bars:
    """One metric on several slices: a picture in the page, and nothing in Markdown, where the table has it."""

    title: str
    bars: Sequence[Bar]


Block = Text | Items | Table | Bars


@dataclass(frozen=True)
class Part:
    """A heading and what follows it."""

    heading: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Card:
    """A whole card."""

    title: str
    verdict: str
    """One sentence: whether the model may be used."""
    blessed: bool
    parts: Sequence[Part]
