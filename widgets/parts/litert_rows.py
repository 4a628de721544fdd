"""Rows of the view of LiteRT files: bars beside numbers that should be small, and losses beside their limit."""

from __future__ import annotations

from collections.abc import Sequence

from widgets.parts import charts
from widgets.parts.formats import MISSING, number, share
from widgets.parts.language import marked, say
from widgets.parts.markup import BREAK, Markup, tag
from widgets.parts.tables import listing
from widgets.values.litert import LiteRTFile

_SIZE, _FEW, _MANY = 0, 1, 4  # colours
_KB = 1e3
_DIGITS = 4  # of a quality
_CHOSEN = marked("meant for use")
_WRAPPED = "white-space:normal"  # of cells that hold more than a number


class FileRows:
    """Draws files beside each other.

    Args:
        files: all of them.
        quality: the name of the quality, such as AUC.
        chosen: the variant that is meant for use.
        limit: the limit of what it may lose.
    """

    def __init__(self, files: Sequence[LiteRTFile], quality: str, chosen: str, limit: float) -> None:
        self._quality, self._chosen, self._limit = quality, chosen, limit
        self._most = {
            name: max([value for one in files if (value := getattr(one, name)) is not None], default=0.0)
            for name in ("bytes", "ms_few", "ms_many")
        }
        self._titles = (
            *(say("File"), say("Size"), say("ms, 1 example"), say("ms, 64 examples"), quality),
            *(say("Lost, all rows"), say("Lost, worst slice"), say("Best ten kept"), say("Score differs by")),
        )

    def table(self, files: Sequence[LiteRTFile]) -> Markup:
        """Files below a header."""
        return listing(self._titles, [self._row(one) for one in files], say("LiteRT files"), class_="bars")

    def exceeds(self, lost: float | None) -> bool:
        """Whether a loss is above the limit."""
        return lost is not None and lost > self._limit

    def _row(self, one: LiteRTFile) -> Markup:
        note = (
            tag("span", BREAK, tag("span", say(_CHOSEN), class_="note"))
            if one.variant == self._chosen
            else None
        )
        name = tag("th", one.variant, note, scope="row", class_="whole")
        if one.refused:
            return tag(
                "tr",
                name,
                tag("td", "! ", one.refused, colspan=len(self._titles) - 1, class_="bad", style=_WRAPPED),
            )
        return tag(
            "tr",
            name,
            self._bar("bytes", one.bytes, _SIZE, size(one.bytes)),
            self._bar("ms_few", one.ms_few, _FEW, milliseconds(one.ms_few)),
            self._bar("ms_many", one.ms_many, _MANY, milliseconds(one.ms_many)),
            tag("td", decimals(one.quality), class_="number"),
            self._loss(one.lost, ""),
            self._loss(one.worst_lost, one.worst_slice),
            tag("td", share(one.overlap), class_="number"),
            tag("td", number(one.difference), class_="number"),
        )

    def _bar(self, name: str, value: float | None, colour: int, shown: str) -> Markup:
        most = self._most[name]
        if value is None:
            return tag("td", shown)
        part = value / most if most else 0.0
        inner = tag("i", style=f"width:{part * 100:.0f}%", class_=charts.colour(colour))
        return tag("td", tag("span", shown), BREAK, tag("span", inner, class_="bar"))

    def _loss(self, lost: float | None, where: str) -> Markup:
        place = tag("span", BREAK, tag("span", where, class_="note")) if where else None
        if not self.exceeds(lost):
            return tag("td", decimals(lost), place, style=_WRAPPED)
        return tag("td", f"! {decimals(lost)}", place, class_="bad", style=_WRAPPED)


def size(amount: int | None) -> str:
    """Bytes as kB."""
    return MISSING if amount is None else f"{amount / _KB:,.1f} kB"


def milliseconds(value: float | None) -> str:
    """Three significant digits; a file takes hundredths of a millisecond."""
    return MISSING if value is None else f"{value:.3g}"


def decimals(value: float | None) -> str:
    """A quality or a part of one; a loss below the shown digits reads as 0."""
    if value is None:
        return MISSING
    text = f"{value:.{_DIGITS}f}"
    return text.removeprefix("-") if float(text) == 0 else text
