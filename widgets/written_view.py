"""A view with editable cells: every finished text reaches the kernel, however fast the next follows."""

from __future__ import annotations

from typing import Any, cast

from widgets.parts.modules import extended, script
from widgets.view import View

WRITTEN = extended(script("view.js"), "written/cells.js")


class WrittenView(View):
    """A view whose cells put their texts into a trait that is a dict of dicts of texts.

    Each text comes as a message of its own. If the whole dict were synced, a text would be lost whenever the kernel
    changes the dict (it removes what it has taken over) while the browser still holds back a newer one.
    """

    _esm = WRITTEN

    def __init__(self, **state: Any) -> None:
        super().__init__(**state)
        self.on_msg(_write)


def _write(view: WrittenView, message: object, _buffers: object) -> None:
    """Put a text where a cell says: `{"cell": trait, "path": [outer, inner], "over": {trait: value}, "text": …}`."""
    if not isinstance(message, dict) or "cell" not in message:
        return
    trait, (outer, inner) = cast("str", message["cell"]), message["path"]
    with view.hold_sync():
        for chosen, value in message["over"].items():
            setattr(view, chosen, value)
        texts: dict[str, dict[str, str]] = getattr(view, trait)
        setattr(view, trait, {**texts, outer: {**texts.get(outer, {}), inner: message["text"]}})
