"""Interceptors: what is asked before a request is answered, and told afterwards.

An experiment chooses the version, the prediction log and the metrics take note. All of them are called in the order
in which the server was given them, by many threads at once: `before` by one that reads a request, `after` by one that
answers it, which may be another. They must be quick, or requests wait for a thread.
"""

from __future__ import annotations

import importlib
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, cast, runtime_checkable

import grpc

from kit.serving.errors import ServerError, ServingError

if TYPE_CHECKING:
    from kit.serving.settings import Settings

REQUEST_ID = "x-request-id"
_OWN = "kit.serving."
VERSION_HEADER = "x-model-version"
"""Of an answer: the version that gave it. A header of REST, a trailer of gRPC."""
_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class RequestContext:
    """One request on its way.

    Attributes:
        api: Predict, Classify, Regress, MultiInference or GetModelMetadata.
        model: name that was asked for.
        signature: name that was asked for; empty is serving_default.
        version: that was asked for, or that an interceptor chose; None is the latest.
        label: that was asked for; it counts while `version` is None.
        request: the message of the API, which nobody may change.
        metadata: headers of HTTP or metadata of gRPC, names in small letters.
        transport: GRPC or REST.
        find: gives the version that a version, a label or, without both, the latest would be; None: it is not loaded.
        notes: for interceptors, from their `before` to their `after`.
    """

    api: str
    model: str
    signature: str
    version: int | None
    label: str | None
    request: Any
    metadata: Mapping[str, str]
    transport: str
    find: Callable[[int | None, str | None], int | None] = lambda version, _label: version
    notes: dict[str, Any] = field(default_factory=dict)


class Interceptor(Protocol):
    """Looks at requests and answers."""

    def before(self, context: RequestContext) -> None:
        """May set `context.version`, which is loaded or the request fails, or refuse with a ServingError."""

    def after(
        self, context: RequestContext, response: Any | ServingError, version: int | None, seconds: float
    ) -> None:
        """Is told the answer or the error, the version that gave it (None: there was none), and how long it took."""


@runtime_checkable
class Closable(Protocol):
    """An interceptor that has something to finish, such as a file."""

    def close(self) -> None:
        """Is called once, after the last request."""


@runtime_checkable
class Measured(Protocol):
    """An interceptor that has metrics of its own, which the server shows with its own."""

    def collect(self) -> Iterable[Any]:
        """Yield families of metrics of prometheus_client."""


class Chain:
    """The interceptors of a server."""

    def __init__(self, interceptors: Sequence[Interceptor] = ()) -> None:
        self._interceptors = tuple(interceptors)

    @property
    def empty(self) -> bool:
        """Whether there is none."""
        return not self._interceptors

    @property
    def quick(self) -> bool:
        """Whether none of them waits for anything; of others than the kit's own nobody knows."""
        return all(type(each).__module__.startswith(_OWN) for each in self._interceptors)

    def begin(self, context: RequestContext) -> Exchange:
        """Call all of them before a request; one that breaks is logged and breaks no request.

        Raises:
            ServingError: when one refuses it; all have been told the end then.
        """
        exchange = Exchange(started=time.perf_counter())
        for interceptor in self._interceptors:
            try:
                interceptor.before(context)
            except ServingError as error:
                exchange.response = error
                self.end(context, exchange)
                raise
            except Exception:  # noqa: BLE001  whatever it raises, it is not the client's fault
                _LOG.exception("%s failed before a request; the request goes on.", type(interceptor).__name__)
        return exchange

    def end(self, context: RequestContext, exchange: Exchange) -> None:
        """Call all of them after a request, in whatever thread; one that breaks is logged."""
        seconds = time.perf_counter() - exchange.started
        for interceptor in self._interceptors:
            try:
                interceptor.after(context, exchange.response, exchange.version, seconds)
            except Exception:  # noqa: BLE001  whatever it raises, it is not the client's fault
                _LOG.exception("%s failed after a request; the answer is sent.", type(interceptor).__name__)

    def close(self) -> None:
        """Let interceptors finish what they have begun; one that breaks is logged and keeps no other from it."""
        for interceptor in self._interceptors:
            if isinstance(interceptor, Closable):
                try:
                    interceptor.close()
                except Exception:  # noqa: BLE001  the others have something to finish too
                    _LOG.exception("%s failed at the end.", type(interceptor).__name__)


_NOT_ANSWERED = ServingError(grpc.StatusCode.INTERNAL, "The request was not answered.")


@dataclass(slots=True)
class Exchange:
    """What came of a request: filled in by what answers it."""

    started: float  # by time.perf_counter
    response: Any | ServingError = _NOT_ANSWERED
    version: int | None = None


def make_interceptors(settings: Settings) -> list[Interceptor]:
    """Make the interceptors that settings name, by calling each factory with the settings.

    Raises:
        ServerError: when there is no such factory.
    """
    return [_factory(name.strip())(settings) for name in settings.interceptors.split(",") if name.strip()]


def _factory(name: str) -> Any:
    module, _, function = name.partition(":")
    try:
        return cast("Any", getattr(importlib.import_module(module), function))
    except (ImportError, AttributeError, ValueError) as error:
        raise ServerError(
            f"An interceptor must be given as package.module:function, but {name!r} cannot be found: {error}. "
            "Correct the name."
        ) from error
