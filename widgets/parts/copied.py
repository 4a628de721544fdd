"""Texts to copy, and the JavaScript that copies them."""

from __future__ import annotations

from widgets.parts.language import say
from widgets.parts.markup import Markup, tag

COPY = "copied/copy.js"  # for modules that wrap another, to copy a text


def copied(text: str, key: str) -> Markup:
    """A text with a button that copies it; the key is unique in the view."""
    return copied_from(tag("pre", text), key)


def copied_from(shown: Markup, key: str) -> Markup:
    """The same of a text that is a `pre` element already."""
    button = tag(
        "button",
        say("Copy"),
        type="button",
        data_copy=say("Copied"),
        data_selected=say("Selected"),
        data_key=f"copy {key}",
    )
    return tag("div", shown, button, class_="copied")
