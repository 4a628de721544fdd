"""A view with buttons that ask the kernel to do something, which may take a while."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import traitlets

from widgets.view import View


class AskedView(View):
    """A view whose buttons set `asked` to an action, and the key of its object, if any."""

    asked = traitlets.List(traitlets.Unicode(), maxlen=2, help="what was pressed: action, key").tag(sync=True)

    @abstractmethod
    def act(self, asked: Sequence[str], /) -> None:
        """Do what a button asked for, an action and perhaps a key, and draw the result."""

    @traitlets.observe("asked")
    def _take_press(self, _change: object) -> None:
        # Cleared first: while the browser holds the old value, pressing the same button again would change nothing.
        asked, self.asked = self.asked, []
        if asked:
            self.act(asked)
