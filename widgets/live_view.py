"""A view that keeps updating while a `with` block keeps the kernel busy."""

from __future__ import annotations

import threading
from abc import abstractmethod
from types import TracebackType
from typing import Any, Self

from IPython.core.getipython import get_ipython
from IPython.display import display

from widgets.parts.repeat import Repeat
from widgets.view import View


class LiveView(View):
    """Shows what runs inside its `with` block, and keeps its final state.

    The kernel is busy meanwhile: a thread draws, and input comes in on a subshell, if the front end has them.
    """

    def __init__(self, **state: Any) -> None:
        self.failed = False  # the block ended with an error
        self.entered = False  # the block has begun
        self._drawing = threading.Lock()
        self._handle: Any = None
        self._repeat: Repeat | None = None
        super().__init__(**state)

    @abstractmethod
    def take(self) -> None:
        """Read the state to draw; called from any thread."""

    def end_well(self) -> None:
        """Called when the block ends without an error; does nothing by default."""

    def __enter__(self) -> Self:
        self.entered = True
        if get_ipython() is not None:
            self._handle = display(self, display_id=True)
        if self.comm is not None:
            self._listen()
            self._repeat = Repeat(self._look)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._repeat is not None:
            self._repeat.end()
        self.failed = kind is not None
        if not self.failed:
            self.end_well()
        self._look()
        if self._handle is not None:  # the faces that stay in the notebook
            self._handle.update(self)

    def _look(self) -> bool:
        """Draw the current state; return True, since only the end of the cell ends the updates."""
        with self.hold_sync():
            self.take()
            self._redraw(None)
        self._listen()
        return True

    def _listen(self) -> None:
        """Take messages of the page on the subshell that it names, while the cell keeps the kernel busy.

        ipykernel 7.4 sends them to the shell that last sent something itself: the busy one.
        """
        if self.comm is not None:
            self.comm.__dict__.pop("_reply_subshell_id", None)

    def _redraw(self, _change: object) -> None:
        with self._drawing:  # the thread and a person may act at the same time
            self.content = self.draw_content()
