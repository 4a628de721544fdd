"""What the tables of all views share."""

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
    """Rows below the titles of their columns."""
    head = tag("thead", tag("tr", [tag("th", title, scope="col") for title in titles]))
    above = None if caption is None else tag("caption", caption)
    return tag("table", above, head, tag("tbody", rows), class_=class_)


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
    """A box in which what is wider than the page is scrolled.

    A view that is drawn anew leaves the first box of the class `kit-scroll` where it was scrolled to; the class of
    those within it or beside it is `kit-scroll-x`.
    """
    # Reachable with the keyboard, so that it can be scrolled without a pointer; a role and a name say what is reached.
    return tag(element, content, class_=class_, tabindex=0, role="group", aria_label=label)


def opened_row(content: Child, columns: int) -> Markup:
    """What is shown of a row that is open: below it, as wide as so many columns."""
    return tag("tr", tag("td", content, colspan=columns), class_="opened")
