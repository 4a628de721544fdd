"""Rows of the attention view: an example in a line, and its past with a bar for each item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from widgets.parts import charts
from widgets.parts.formats import MISSING, number, share
from widgets.parts.language import marked, say
from widgets.parts.markup import Markup, join, tag
from widgets.parts.tables import listing, opened_row, titled_table
from widgets.values.attention import Example, Place

_SAME, _OTHER = 0, 4  # colours
_TITLES = (marked("Candidate"), marked("Group"), marked("Score"), marked("Label"), marked("Looks most at"))


@dataclass(frozen=True)
class Row:
    """An example and its index among all."""

    place: int
    example: Example

    @property
    def key(self) -> str:
        return str(self.place)

    @property
    def most(self) -> Place | None:
        """What gets the most attention; None: there is no past."""
        return max(self.example.past, key=lambda one: one.weight, default=None)

    @property
    def peak(self) -> float:
        return self.most.weight if self.most else 0.0

    @cached_property
    def words(self) -> str:
        """All that a search looks at."""
        one = self.example
        past = [text for place in one.past for text in (place.name, place.group)]
        return " ".join([one.candidate, one.group, *one.about.values(), *past])

    def detail_row(self, content: Markup) -> Markup:
        return opened_row(content, len(_TITLES))


def table(rows: Sequence[Markup]) -> Markup:
    """The rows below a head."""
    return listing(map(say, _TITLES), rows, say("Examples"))


def cells(row: Row, name: Markup) -> list[Markup]:
    """The cells of an example."""
    one = row.example
    looks = f"{row.most.name} ({row.most.group}), {share(row.peak)}" if row.most else MISSING
    return [
        tag("th", name, scope="row"),
        tag("td", one.group),
        tag("td", number(one.score), class_="number"),
        tag("td", number(one.label), class_="number"),
        tag("td", looks),
    ]


def detail(example: Example) -> Markup:
    """Who met the candidate, and the past with a bar for each item."""
    told = join([join([tag("b", name), " ", value]) for name, value in example.about.items()], " · ")
    greatest = max((place.weight for place in example.past), default=0.0) or 1.0
    rows = [
        tag(
            "tr",
            tag("th", place.name, scope="row"),
            tag("td", place.group),
            tag("td", _bar(place, greatest, example.group), tag("span", share(place.weight))),
        )
        for place in example.past
    ]
    past = titled_table((say("Latest first"), say("Group"), say("Attention")), rows, class_="bars")
    return tag("div", tag("p", told) if told else None, past, class_="detail")


def legend() -> Markup:
    """What the colours mean."""
    keys = [charts.key(_SAME, say("of the candidate's group")), charts.key(_OTHER, say("of another"))]
    return tag("span", keys, class_="legend")


def same_group(rows: Sequence[Row]) -> float | None:
    """The share of all attention on items of the candidate's group, 0 to 1; None: there is no attention."""
    pairs = [(place, row.example) for row in rows for place in row.example.past]
    whole = sum(place.weight for place, _ in pairs)
    return (
        sum(place.weight for place, example in pairs if place.group == example.group) / whole
        if whole
        else None
    )


def _bar(place: Place, greatest: float, group: str) -> Markup:
    width = f"width:{place.weight / greatest * 100:.0f}%"
    look = charts.colour(_SAME if place.group == group else _OTHER)
    return tag("span", tag("i", style=width, class_=look), class_="bar")
