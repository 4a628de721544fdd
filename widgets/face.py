"""The static face of everything that a notebook shows: self-contained HTML, and text."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from widgets.parts.language import html_language, say
from widgets.parts.markup import Markup, tag
from widgets.parts.modules import styles

STATIC_BYTES = 285_000
"""The most that a static face may take in a notebook file, so that its whole output stays below 300 KB."""


def room(around: int) -> int:
    """Return the bytes that a static face has left for its rows, after those around them."""
    return STATIC_BYTES - len(styles()) - around


class Face:
    """A display that nobody can operate: HTML and text."""

    title = "view"

    @abstractmethod
    def html_face(self) -> Markup:
        """The facts as HTML that needs no script and fetches nothing."""

    @abstractmethod
    def text_face(self) -> str:
        """The essentials in a few lines."""

    def __repr__(self) -> str:
        return self.text_face()

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Both faces; IPython itself picks from them what it was asked to include or exclude."""
        section = tag(
            "section", self.html_face(), class_="kit-view", lang=html_language(), aria_label=say(self.title)
        )
        html = tag("style", Markup(styles())) + section
        return {"text/html": html, "text/plain": self.text_face()}, {}
