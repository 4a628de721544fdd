"""A card as one HTML page that opens offline and fetches nothing."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from kit.card.document import Bar, Bars, Block, Card, Items, Table, Text
from kit.html_page import page
from kit.texts import shorten
from kit.translation.messages import html_language

_STYLE = """
body { font: 15px/1.5 FONTS; max-width: 900px; margin: 2em auto; padding: 0 1em;
       color: #1c1c1c; background: #fff }
h1 { margin-bottom: .2em } h2 { margin-top: 1.6em; border-bottom: 1px solid #ddd }
table { border-collapse: collapse; margin: .6em 0; display: block; overflow-x: auto }
td, th { padding: .25em .8em; text-align: left; border-bottom: 1px solid #ddd; vertical-align: top }
.number { text-align: right; font-variant-numeric: tabular-nums }
.verdict { font-weight: 600; padding: .4em .8em; border-left: 4px solid } .blessed { color: #17692a }
.missed { color: #a40000 } figure { margin: 1em 0 } figcaption { font-weight: 600 }
svg { width: 100%; height: auto } svg text { font: 13px FONTS; fill: #1c1c1c }
@media print { body { margin: 0; max-width: none } h2 { break-after: avoid } tr, figure { break-inside: avoid } }
"""

_LETTERS = 42  # of a name beside its bar
_WIDTH, _ROW, _NAMES, _VALUES = 860, 24, 300, 70  # pixels: of the picture, a bar, the names, the values


def as_page(card: Card) -> str:
    """Return the page of a card."""
    body = [f"<h1>{escape(card.title)}</h1>"]
    body.append(f'<p class="verdict {"blessed" if card.blessed else "missed"}">{escape(card.verdict)}</p>')
    for part in card.parts:
        body.append(f"<section><h2>{escape(part.heading)}</h2>")
        body += [_block(block) for block in part.blocks]
        body.append("</section>")
    return page(card.title, _STYLE, "".join(body), language=html_language())


def _block(block: Block) -> str:
    if isinstance(block, Text):
        return f"<p>{escape(block.text)}</p>"
    if isinstance(block, Items):
        return "<ul>" + "".join(f"<li>{escape(item)}</li>" for item in block.items) + "</ul>"
    return _table(block) if isinstance(block, Table) else _picture(block)


def _table(table: Table) -> str:
    def cells(kind: str, row: Sequence[str]) -> str:
        looks = [' class="number"' if place in table.numbers else "" for place in range(len(row))]
        return "".join(
            f"<{kind}{look}>{escape(cell)}</{kind}>" for look, cell in zip(looks, row, strict=True)
        )

    rows = "".join(f"<tr>{cells('td', row)}</tr>" for row in table.rows)
    return f"<table><thead><tr>{cells('th', table.header)}</tr></thead><tbody>{rows}</tbody></table>"


def _picture(picture: Bars) -> str:
    ends = [end for bar in picture.bars for end in (bar.value, bar.lower, bar.upper) if end is not None]
    low, high = min(ends), max(ends)
    room = (high - low) * 0.05 or 1.0
    low, high = low - room, high + room
    scale = (_WIDTH - _NAMES - _VALUES) / (high - low)
    first = picture.bars[0].value
    rows = "".join(_bar(bar, place, low, scale) for place, bar in enumerate(picture.bars))
    line = _NAMES + (first - low) * scale
    height = _ROW * len(picture.bars)
    return (
        f"<figure><figcaption>{escape(picture.title)}</figcaption>"
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(picture.title)}">'
        f'<line x1="{line:.1f}" x2="{line:.1f}" y1="0" y2="{height}" stroke="#999" stroke-dasharray="3 3"/>'
        f"{rows}</svg></figure>"
    )


def _bar(bar: Bar, place: int, low: float, scale: float) -> str:
    def across(value: float) -> float:
        return _NAMES + (value - low) * scale

    middle = place * _ROW + _ROW / 2
    interval = ""
    if bar.lower is not None and bar.upper is not None:
        interval = (
            f'<line x1="{across(bar.lower):.1f}" x2="{across(bar.upper):.1f}" y1="{middle}" y2="{middle}" '
            'stroke="#3465a4" stroke-width="2"/>'
        )
    return (
        f'<text x="{_NAMES - 10}" y="{middle + 4}" text-anchor="end">{escape(shorten(bar.name, _LETTERS))}</text>'
        f"{interval}"
        f'<circle cx="{across(bar.value):.1f}" cy="{middle}" r="4" fill="#204a87"/>'
        f'<text x="{_WIDTH}" y="{middle + 4}" text-anchor="end">{bar.value:.4f}</text>'
    )
