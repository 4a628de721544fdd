"""A view of rows that a person decides about, one at a time, with a name and a reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import traitlets

from widgets.asked_view import AskedView
from widgets.paged_view import SearchedView
from widgets.parts.decision_form import AttemptedOnce


class DecidedView(SearchedView, AskedView):
    """A view whose opened row has the form of `decision_form`, if decisions can be taken."""

    opened = traitlets.Unicode(help="key of the row that is shown in detail").tag(sync=True, redraw=True)
    who = traitlets.Unicode(help="name of the person who decides").tag(sync=True)
    why = traitlets.Unicode(help="reason for the decision").tag(sync=True)
    done = traitlets.Tuple(
        traitlets.Bool(),
        traitlets.Unicode(),
        default_value=(True, ""),
        help="what became of the last decision",
    ).tag(redraw=True)

    def __init__(self, *, decide: Callable[[str, str], str] | None, **state: Any) -> None:
        """Take what carries out an action on the row of a key and returns a message; None: nobody decides here."""
        self.decide = decide
        self._once = AttemptedOnce()
        super().__init__(**state)

    @traitlets.observe("opened")
    def _forget_reason(self, _change: object) -> None:
        self.why, self.done = "", (True, "")

    def act(self, asked: Sequence[str], /) -> None:
        if self.decide is None:
            return
        self.done = self._once.attempt((*asked, self.who, self.why), partial(self.decide, *asked))
        self.content = self.draw_content()  # `done` may be unchanged
