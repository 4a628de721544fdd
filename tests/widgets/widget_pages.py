"""HTML as a reader meets it: its text, and what it would run or fetch."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_VOID = {"br", "input", "img"}
_FETCHING = {"src", "href", "srcset", "action", "poster"}
_NEVER = re.compile(r"(?!)")
# A picture that is in the page itself, in which a browser runs nothing; a link to a file of the reader's own.
_HARMLESS = {"img": re.compile(r"data:image/svg\+xml;base64,[\w+/=]+$"), "a": re.compile(r"file:///")}


class Page(HTMLParser):
    """The text of a page, the names of its elements, and whatever in it would run or fetch something."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.text = ""
        self._open: list[str] = []
        self._texts: dict[str, list[str]] = {}
        self.elements: list[str] = []
        self.active: list[str] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        if tag not in _VOID:
            self._open.append(tag)
            self._texts.setdefault(tag, []).append("")
        if _HARMLESS.get(tag, _NEVER).match(_address(attrs)):
            return
        if tag in {"script", "iframe", "img", "object", "embed", "link"}:
            self.active.append(tag)
        self.active += [name for name, _ in attrs if name.startswith("on") or name in _FETCHING]

    def handle_data(self, data: str) -> None:
        self.text += data
        for element in set(self._open):
            self._texts[element][-1] += data

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def text_of(self, element: str) -> list[str]:
        """The text in each element of a kind, which does not hold another of its kind."""
        return self._texts.get(element, [])


def _address(attributes: list[tuple[str, str | None]]) -> str:
    """Return what an element refers to, if that is all that it could run or fetch."""
    suspicious = [value or "" for name, value in attributes if name.startswith("on") or name in _FETCHING]
    return suspicious[0] if len(suspicious) == 1 else ""
