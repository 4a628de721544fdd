"""Texts to copy, and what in the browser copies them."""

from __future__ import annotations

from widgets.parts.language import say
from widgets.parts.markup import Markup, tag
from widgets.parts.modules import STATIC

COPY = (STATIC / "copied" / "copy.js").read_text(encoding="utf-8")


def copied(text: str, key: str) -> Markup:
    """A text with a button that copies it; the key is unique in the view."""
    button = tag("button", say("Copy"), type="button", data_copy="", data_key=f"copy {key}")
    return tag("div", tag("pre", text), button, class_="copied")
