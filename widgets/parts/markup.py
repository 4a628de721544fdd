"""Build HTML and SVG from Python calls, with all text escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import TypeAlias

_VOID = frozenset({"br", "col", "hr", "img", "input"})  # elements that HTML does not close


class Markup(str):
    """Text that is HTML already; any other text is escaped where it enters a `tag`."""

    __slots__ = ()


Child: TypeAlias = "str | Iterable[Child] | None"
Attribute: TypeAlias = "str | float | bool | None"

BREAK = Markup("<br>")


def tag(name: str, *children: Child, **attributes: Attribute) -> Markup:
    """An element with its children, which may be nested in lists, and its attributes.

    Attributes are named as Python allows: `class_` is class and `aria_label` is aria-label. True gives an attribute
    without a value; None and False leave it out, and so does None for a child.
    """
    start = f"<{name}{''.join(_attribute(key, value) for key, value in attributes.items())}>"
    return Markup(start if name in _VOID else f"{start}{join(children)}</{name}>")


def join(children: Iterable[Child], between: str = "") -> Markup:
    """Children in a row; the text between them is escaped like any other."""
    return Markup(text(between).join([text(child) for child in children]))


def text(child: Child) -> Markup:
    if child is None:
        return Markup("")
    if isinstance(child, Markup):
        return child
    if isinstance(child, str):
        return Markup(html.escape(child))
    return join(child)


def prose(words: str) -> Markup:
    """Text in which what stands between backticks, such as `kit runs`, is code."""
    parts = words.split("`")
    if len(parts) % 2 == 0:  # a backtick by itself
        return text(words)
    return join([tag("code", part) if place % 2 else part for place, part in enumerate(parts)])


def _attribute(key: str, value: Attribute) -> str:
    name = key.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{html.escape(str(value))}"'
