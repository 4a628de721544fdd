"""A view with texts to copy, such as lines for project.yml."""

from __future__ import annotations

from widgets.parts.copied import COPY
from widgets.parts.modules import STATIC, script, styles
from widgets.view import View

_BESIDE = STATIC / "copied"


class CopiedView(View):
    """A view whose texts made by `copied` have a button that copies them."""

    # A text has one default export: that of copied.js, which wraps the one of view.js.
    _esm = script("view.js").replace(
        "export default { render };", COPY + (_BESIDE / "copied.js").read_text(encoding="utf-8")
    )
    _css = styles() + (_BESIDE / "copied.css").read_text(encoding="utf-8")
