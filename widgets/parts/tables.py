"""The parts that tables of all views share."""

from __future__ import annotations

from collections.abc import Iterable

from widgets.parts import controls
from widgets.parts.markup import Child, Markup, tag

_ARROWS = {"ascending": "▲", "descending": "▼"}


def listing(
    titles: Iterable[Child], rows: Iterable[Child], label: str, *, class_: str | None = None
) -> Markup:
    """The table that a view is about."""
    return scrollable(titled_table(titles, rows, class_=class_), label)


def titled_table(
    titles: Iterable[Child], rows: Iterable[Child], *, caption: str | None = None, class_: str | None = None
) -> Markup:
    """Rows below their column titles."""
    head = tag("thead", tag("tr", [tag("th", title, scope="col") for title in titles]))
    above = None if caption is None else tag("caption", caption)
    return tag("table", above, head, tag("tbody", rows), class_=class_)


def wide_title(title: str, width_px: int) -> Markup:
    """The title of a column that is never narrower than that; 0: as narrow as it comes."""
    return tag("th", title, scope="col", style=f"min-width:{width_px}px" if width_px else None)


def sort_header(column: str, title: str, *, mine: bool, backwards: bool, rises: bool) -> Markup:
    """The title of a column that, when it is pressed, sorts the rows by it, and then the other way round.

    Args:
        column: its name in the view's trait `order`: a column, and whether backwards.
        title: what is read of it.
        mine: whether the rows are sorted by it.
        backwards: whether they are sorted backwards.
        rises: whether its values rise when it is not backwards.
    """
    direction = None
    if mine:
        direction = "descending" if rises == backwards else "ascending"
    arrow = tag("i", _ARROWS[direction], aria_hidden="true") if direction else None
    value = [column, mine and not backwards]
    content = controls.button("order", value, title, arrow, key=f"sort {column}", class_="sort")
    return tag("th", content, scope="col", aria_sort=direction)


def scrollable(
    content: Child, label: str, *, class_: str | None = "kit-scroll", element: str = "div"
) -> Markup:
    """A box in which content wider than the page is scrolled.

    Boxes of the class `kit-scroll` that follow each other stand apart; those of `kit-scroll-x` do not.
    """
    # Reachable with the keyboard, so that it can be scrolled without a pointer; role and name describe it.
    return tag(element, content, class_=class_, tabindex=0, role="group", aria_label=label)


def opened_row(content: Child, columns: int) -> Markup:
    """The details below an opened row, as wide as a number of columns."""
    return tag("tr", tag("td", content, colspan=columns), class_="opened")
