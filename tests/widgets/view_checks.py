"""What must hold for every view, whatever it is given; asserted by the tests of each."""

from __future__ import annotations

import json

from widget_examples import HOSTILE
from widget_pages import Page

from widgets.face import Face
from widgets.view import View

LIVE = "application/vnd.jupyter.widget-view+json"
LIMIT = 300_000  # bytes that a view may add to an executed notebook


def check_faces(view: View) -> None:
    """No face runs or fetches anything; the static one asks nothing, and what a notebook keeps of it is small."""
    check_static(view)
    check_live(view)


def check_live(view: View) -> None:
    """What is drawn anew with every click is small and runs and fetches nothing."""
    for part in (view.controls, view.content):
        assert Page(part).active == []
    assert len(view.content) <= LIMIT


def check_static(view: Face, *, least_lines: int = 1) -> None:
    """What a notebook keeps is small, asks nothing, and runs and fetches nothing; its text is a few lines."""
    bundle, _ = view._repr_mimebundle_()
    assert LIVE not in bundle
    assert len(json.dumps(bundle, ensure_ascii=False).encode()) <= LIMIT
    static = Page(bundle["text/html"])
    assert static.active == []
    assert static.elements.count("section") == 1
    assert not {"input", "button", "select"} & set(static.elements), "nobody could answer"
    assert least_lines <= len(repr(view).splitlines()) <= 6


def check_hostile(view: View) -> None:
    """Values that would be markup are read as they are, in both faces."""
    check_read(view.html_face())
    check_read(view.content)


def check_read(html: str) -> None:
    """Values that would be markup are read as they are."""
    text = Page(html).text
    assert [value for value in HOSTILE if value not in text] == []
