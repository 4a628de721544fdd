"""A view with buttons that ask the kernel to do something, which may take a while."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import traitlets

from widgets.view import View


class AskedView(View):
    """A view whose buttons set `asked` to what is to be done, and to the key of what it is done with, if any."""

    asked = traitlets.List(traitlets.Unicode(), maxlen=2, help="what was pressed: action, key").tag(sync=True)

    @abstractmethod
    def act(self, asked: Sequence[str], /) -> None:
        """Do what a button asked for, an action and perhaps a key, and draw what became of it."""

    @traitlets.observe("asked")
    def _take_press(self, _change: object) -> None:
        # Cleared first: while the browser holds what was asked, pressing the same button again is no change.
        asked, self.asked = self.asked, []
        if asked:
            self.act(asked)
