"""What must hold for every view, whatever it is given; asserted by the tests of each."""

from __future__ import annotations

import json

from test_faces import LIMIT, LIVE
from widget_examples import HOSTILE
from widget_pages import Page

from widgets.face import Face
from widgets.view import View


def check_faces(view: View) -> None:
    """No face runs or fetches anything; the static one asks nothing, and what a notebook keeps of it is small."""
    check_static(view)
    for part in (view.controls, view.content):
        assert Page(part).active == []
    assert len(view.content) <= LIMIT


def check_static(view: Face) -> None:
    """What a notebook keeps is small, asks nothing, and runs and fetches nothing."""
    bundle, _ = view._repr_mimebundle_()
    assert LIVE not in bundle
    assert len(json.dumps(bundle, ensure_ascii=False).encode()) <= LIMIT
    static = Page(bundle["text/html"])
    assert static.active == []
    assert not {"input", "button", "select"} & set(static.elements)
    assert 1 <= len(repr(view).splitlines()) <= 6


def check_hostile(view: View) -> None:
    """Values that would be markup are read as they are, in both faces."""
    for face in (view.html_face(), view.content):
        text = Page(face).text
        assert [value for value in HOSTILE if value not in text] == []
