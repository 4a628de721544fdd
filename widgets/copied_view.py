"""A view with texts to copy, such as lines for project.yml."""

from __future__ import annotations

from widgets.parts.copied import COPY
from widgets.parts.modules import extended, script, styles
from widgets.view import View


class CopiedView(View):
    """A view whose texts from `copied` have a button that copies them."""

    _esm = extended(script("view.js"), COPY, "copied/copied.js")
    _css = styles("copied/copied.css")
