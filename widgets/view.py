"""The base class of all views: one object with three faces (live, static HTML, text).

- **Live** in a front end with a person present: an anywidget. The kernel draws the HTML of what is visible, the
  browser puts it in place and reports what was searched, sorted or opened, in synced traits. So large data stays in
  the kernel, and the live and the static face cannot differ: the same Python draws both.
- **Static** HTML: no script, nothing fetched. It is all that a batch run leaves in a notebook, and what nbconvert and
  code-hosting sites show.
- **Text**: the essentials in a few lines, for terminals, tests and screen readers.

Charts are small inline SVG drawn in `charts`. A charting library would come with every view into every executed
notebook (Vega, Plotly and Bokeh are 0.8 to 4 MB, the limit is 0.3), could not draw the static face without a
browser, and would only draw step lines, bars and whiskers.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import anywidget
import traitlets
from IPython.core.getipython import get_ipython

from widgets.face import Face
from widgets.parts.language import html_language, say
from widgets.parts.markup import Markup
from widgets.parts.modules import script, styles

_LIVE = "application/vnd.jupyter.widget-view+json"


class View(Face, anywidget.AnyWidget):
    """A face with a live form as well. Its operable state is in traits tagged `redraw`.

    A control is an HTML element with `data-trait`, the name of the trait that it sets; a button has the value in
    `data-value`, as JSON. `data-key` names an element across redraws, so that it stays, with its focus and what is
    being typed. `parts/controls.py` makes all of them. A view that needs more in the browser has a module of its own
    beside `view.js`: `_esm = script("mine.js")`.
    """

    _esm = script("view.js")
    _css = styles()

    controls = traitlets.Unicode(help="HTML of the controls, which stay in place").tag(sync=True)
    content = traitlets.Unicode(help="HTML of what changes with the controls").tag(sync=True)
    label = traitlets.Unicode(help="what assistive technology calls the view").tag(sync=True)

    language = traitlets.Unicode(help="language of the texts, as in the attribute `lang`").tag(sync=True)
    gone = traitlets.Unicode(help="what the browser shows when the kernel is gone").tag(sync=True)

    def __init__(self, **state: Any) -> None:
        super().__init__(**state)
        self.observe(self._redraw, names=list(self.traits(redraw=True)))

    @abstractmethod
    def draw_controls(self) -> Markup:
        """The controls of the live face."""

    @abstractmethod
    def draw_content(self) -> Markup:
        """The content of the live face in its current state."""

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take what the browser sent, and send back numbers that were brought within their limits.

        A trait that ends up unchanged would not be sent otherwise, and the browser would keep the number that it asked
        for.
        """
        super().set_state(sync_data)
        numbers = {name: value for name, value in sync_data.items() if isinstance(value, int | float)}
        self.send_state([name for name, value in numbers.items() if getattr(self, name, value) != value])

    def open(self) -> None:
        """Announce this widget to the front end, unless nobody is there.

        The executed notebook of a batch would otherwise carry the widget's state and all of its script, and nbconvert
        would rather fetch a widget library from the web than show the static face.
        """
        if somebody_is_there():
            super().open()

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        faces, metadata = super()._repr_mimebundle_()
        if self.comm is not None:
            faces[_LIVE] = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        return faces, metadata

    @traitlets.default("controls")
    def _first_controls(self) -> str:
        return self.draw_controls()

    @traitlets.default("content")
    def _first_content(self) -> str:
        return self.draw_content()

    @traitlets.default("label")
    def _first_label(self) -> str:
        return say(self.title)

    @traitlets.default("language")
    def _first_language(self) -> str:
        return html_language()

    @traitlets.default("gone")
    def _first_gone(self) -> str:
        return say("The kernel is gone: run the cell again.")

    def _redraw(self, _change: object) -> None:
        self.content = self.draw_content()


def somebody_is_there() -> bool:
    """Whether the running cell was sent by a front end that could ask a person.

    The message protocol has every front end say so in `allow_stdin`: JupyterLab, Notebook and VS Code do, papermill,
    nbclient, nbconvert and nbval do not. A message that is not a cell comes from a widget that somebody used.
    """
    kernel = getattr(get_ipython(), "kernel", None)
    if kernel is None:
        return False
    parent = kernel.get_parent("shell")
    is_cell = parent.get("header", {}).get("msg_type") == "execute_request"
    return not is_cell or bool(parent.get("content", {}).get("allow_stdin"))
