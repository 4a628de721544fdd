"""The controls of live views: HTML elements that name the trait that they set."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from widgets.parts.formats import number
from widgets.parts.language import say
from widgets.parts.markup import Attribute, Child, Markup, tag

ROW = ("split", "row")  # the traits for the row that a `RowForm` is written over


def search_box() -> Markup:
    """A field whose text is the trait `search`."""
    box = tag(
        "input", type="search", data_trait="search", placeholder=say("type to search"), autocomplete="off"
    )
    return _labelled(say("Search"), box)


def number_box(trait: str, label: str, *, required: bool = False) -> Markup:
    """A field for a number; an empty one is 0, or, where a number is required, leaves the last one."""
    return _labelled(
        label, tag("input", type="number", min=0, step="any", required=required, data_trait=trait)
    )


def choice(trait: str, label: str, options: Mapping[str, str]) -> Markup:
    """A list to choose from; options map the trait's value to its label."""
    entries = [tag("option", name, value=value) for value, name in options.items()]
    return _labelled(label, tag("select", entries, data_trait=trait))


def tick(trait: str, label: str) -> Markup:
    return tag("label", tag("input", type="checkbox", data_trait=trait), " ", label)


def button(trait: str, value: object, *content: Child, key: str, **attributes: Attribute) -> Markup:
    """A button that sets a trait to a value; the key is unique in the view and the same in every redraw.

    With the attribute `data_room` the trait is a list of at most that many values, and the button puts its value in or
    takes it out. With `data_step` the trait is a number from 0 to the value, and the button moves it by that step: each
    press counts, also those made before the kernel has answered the first.
    """
    return tag(
        "button",
        *content,
        type="button",
        data_trait=trait,
        data_value=json.dumps(value),
        data_key=key,
        **attributes,
    )


def cell(trait: str, *path: str, over: Sequence[str] = ()) -> dict[str, Attribute]:
    """The attributes of a field whose text is put at a path into a trait of a `WrittenView`.

    Args:
        trait: a dict of dicts of texts.
        path: the outer and the inner key.
        over: traits that say what is written over. They travel with the text, since the browser holds traits back while
            the kernel is busy: a text would otherwise overtake the choice made just before it.
    """
    return {
        "data_cell": trait,
        "data_path": json.dumps(path),
        "data_over": json.dumps(over) if over else None,
    }


def opener(key: str, name: str, *, is_open: bool) -> Markup:
    """The name of a row as a button that shows what is behind it, or hides it: sets the trait `opened` to the key."""
    return button(
        "opened",
        "" if is_open else key,
        name,
        key=f"open {key}",
        aria_expanded="true" if is_open else "false",
        class_="name",
    )


def pager(trait: str, page: int, *, size: int, total: int) -> Markup | None:
    """The position in a long table, and the ways on; None when a page holds all of it."""
    last = last_page(total, size)
    if last == 0:
        return None
    first_row = page * size
    ends = number(first_row + 1), number(min(first_row + size, total))
    place = say("{first} to {last} of {total}", first=ends[0], last=ends[1], total=number(total))
    steps = [
        ("first", say("First"), 0, None, page == 0),
        ("previous", say("Previous"), last, -1, page == 0),
        ("next", say("Next"), last, 1, page == last),
        ("last", say("Last"), last, None, page == last),
    ]
    # aria-disabled rather than disabled: a button pressed with the keyboard keeps the focus.
    ways = [
        button(
            trait, value, text, key=f"{trait} {name}", data_step=step, aria_disabled="true" if ended else None
        )
        for name, text, value, step, ended in steps
    ]
    return tag("nav", ways[:2], tag("span", place), ways[2:], class_="pager", aria_label=say("Pages"))


def last_page(total: int, size: int) -> int:
    return max(0, -(-total // size) - 1)


def _labelled(label: str, control: Markup) -> Markup:
    return tag("label", tag("span", label), control)
