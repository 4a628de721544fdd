"""Interceptors: called before a request is answered, and again with the answer.

An experiment chooses the version, the prediction log and the metrics take note. All of them are called in the order
in which the server was given them, by many threads at once: `before` in the thread that reads a request, `after` in the
one that answers it, which may be another. They must be quick, or requests wait for a thread.
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
from kit.serving.headers import MODELS_HEADER
from kit.serving.transport import Transport

if TYPE_CHECKING:
    from kit.serving.settings import Settings

_OWN = "kit.serving."
_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class RequestContext:
    """One request on its way.

    Attributes:
        api: Predict, Classify, Regress, MultiInference or GetModelMetadata.
        model: the requested model's name.
        signature: the requested signature's name; empty is serving_default.
        version: the version that was requested, or that an interceptor chose; None is the latest.
        label: the requested label; it counts while `version` is None.
        request: the API's message, which nobody may change.
        metadata: HTTP headers or gRPC metadata, names in lower case.
        transport: the transport by which it came.
        find: returns the number of the version for a version, a label or, without both, the latest; None: it is not
            loaded.
        notes: what an interceptor's `before` leaves for its `after`.
    """

    api: str
    model: str
    signature: str
    version: int | None
    label: str | None
    request: Any
    metadata: Mapping[str, str]
    transport: Transport
    find: Callable[[int | None, str | None], int | None] = lambda version, _label: version
    notes: dict[str, Any] = field(default_factory=dict)


def check_allowed(model: str, metadata: Mapping[str, str]) -> None:
    """Refuse a model that the gateway does not let its callers ask.

    Raises:
        ServingError: PERMISSION_DENIED when it is not among those of MODELS_HEADER.
    """
    allowed = metadata.get(MODELS_HEADER)
    if allowed is not None and model not in allowed.split(","):
        raise ServingError(grpc.StatusCode.PERMISSION_DENIED, f"Model {model} may not be asked here")


class Interceptor(Protocol):
    """Looks at requests and answers."""

    def before(self, context: RequestContext) -> None:
        """May set `context.version` (the request fails if it is not loaded), or refuse with a ServingError."""

    def after(
        self, context: RequestContext, response: Any | ServingError, version: int | None, seconds: float
    ) -> None:
        """Gets the answer or the error, the version that gave it (None: none did), and the seconds it took."""


@runtime_checkable
class Closable(Protocol):
    """An interceptor with something to finish, such as a file."""

    def close(self) -> None:
        """Called once, after the last request."""


@runtime_checkable
class Measured(Protocol):
    """An interceptor with metrics of its own, which the server exposes beside its own."""

    def collect(self) -> Iterable[Any]:
        """Yield prometheus_client's metric families."""


@runtime_checkable
class Configured(Protocol):
    """An interceptor that follows models.config."""

    def configure(self, models: Mapping[str, Any]) -> None:
        """Called with the ModelConfigs by name, before a configuration counts; may refuse it with a ServingError."""


class Chain:
    """The interceptors of a server."""

    def __init__(self, interceptors: Sequence[Interceptor] = ()) -> None:
        self._interceptors = tuple(interceptors)

    @property
    def empty(self) -> bool:
        """Whether there are no interceptors."""
        return not self._interceptors

    @property
    def quick(self) -> bool:
        """Whether no interceptor blocks; only the kit's own are known not to."""
        return all(type(each).__module__.startswith(_OWN) for each in self._interceptors)

    def begin(self, context: RequestContext) -> Exchange:
        """Call all interceptors before a request; one that breaks is logged, and the request goes on.

        Raises:
            ServingError: when one refuses the request; `after` of all of them has been called then.
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
        """Call all interceptors after a request, in any thread; one that breaks is logged."""
        seconds = time.perf_counter() - exchange.started
        for interceptor in self._interceptors:
            try:
                interceptor.after(context, exchange.response, exchange.version, seconds)
            except Exception:  # noqa: BLE001  whatever it raises, it is not the client's fault
                _LOG.exception("%s failed after a request; the answer is sent.", type(interceptor).__name__)

    def configure(self, models: Mapping[str, Any]) -> None:
        """Tell all interceptors that are Configured of new ModelConfigs, by name.

        Raises:
            ServingError: when one refuses them.
        """
        for interceptor in self._interceptors:
            if isinstance(interceptor, Configured):
                interceptor.configure(models)

    def close(self) -> None:
        """Close all interceptors that are Closable; one that breaks is logged, and the others are still closed."""
        for interceptor in self._interceptors:
            if isinstance(interceptor, Closable):
                try:
                    interceptor.close()
                except Exception:  # noqa: BLE001  the others have something to finish too
                    _LOG.exception("%s failed at the end.", type(interceptor).__name__)


_NOT_ANSWERED = ServingError(grpc.StatusCode.INTERNAL, "The request was not answered.")


@dataclass(slots=True)
class Exchange:
    """The outcome of a request, filled in by whoever answers it."""

    started: float  # by time.perf_counter
    response: Any | ServingError = _NOT_ANSWERED
    version: int | None = None


def make_interceptors(settings: Settings) -> list[Interceptor]:
    """Make the interceptors named in the settings, by calling each factory with the settings.

    Raises:
        ServerError: when a factory does not exist.
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
