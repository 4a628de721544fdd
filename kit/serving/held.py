"""A request while it is answered: its version stays loaded, and the interceptors see its beginning and its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kit.serving.errors import ServingError
from kit.serving.harness import Harness
from kit.serving.hooks import Chain, RequestContext
from kit.serving.manager import Manager


class Held:
    """A request, and the version that it keeps loaded. Any thread may end it.

    Attributes:
        servable: the version.
    """

    def __init__(self, manager: Manager, harness: Harness) -> None:
        """Take over a version that the manager holds; `end` releases it."""
        self._manager, self._harness = manager, harness
        self.servable = harness.servable

    def end(self, answer: Callable[[], Any]) -> Any:
        """Compute the answer, release the version, and return the answer.

        Raises:
            ServingError: from `answer`.
        """
        try:
            return answer()
        finally:
            self._manager.release(self._harness)


class Intercepted(Held):
    """A held request that the interceptors have seen."""

    def __init__(self, chain: Chain, manager: Manager, context: RequestContext) -> None:
        """Call the interceptors, then hold the version that the request is for.

        Raises:
            ServingError: when an interceptor refuses the request, or there is no such version.
        """
        self._chain, self._context = chain, context
        self._exchange = chain.begin(context)
        try:
            harness = manager.hold(context.model, context.version, context.label)
        except ServingError as error:
            self._exchange.response = error
            chain.end(context, self._exchange)
            raise
        super().__init__(manager, harness)
        self._exchange.version = self.servable.version

    def end(self, answer: Callable[[], Any]) -> Any:
        """Compute the answer, release the version, call the interceptors, and return the answer.

        Raises:
            ServingError: from `answer`.
        """
        try:
            self._exchange.response = answer()
        except ServingError as error:
            self._exchange.response = error
            raise
        finally:
            self._manager.release(self._harness)
            self._chain.end(self._context, self._exchange)
        return self._exchange.response
