"""An interceptor that holds requests up."""

from __future__ import annotations

import threading

from kit.serving.hooks import RequestContext


class Held:
    """Holds requests up until they are told to go on."""

    def __init__(self) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()

    def before(self, _context: RequestContext) -> None:
        self.begun.set()
        self.go_on.wait(20)

    def after(self, *_: object) -> None:
        """Nothing to tell."""
