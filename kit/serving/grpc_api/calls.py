"""Shared by all gRPC calls: an error becomes a status, and the text of an internal error does not reach the client."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

import grpc

from kit.serving.errors import ServingError
from kit.serving.gathering import BROKEN

_R = TypeVar("_R")
MOST_LETTERS = 2000
"""Longest status text. It travels in the trailers, which clients limit to 8 KiB, and a letter may take three bytes."""
_LOG = logging.getLogger(__name__)


def answered(context: Any, answer: Callable[[], _R]) -> _R:
    """Return an answer, or end the call with the status of the ServingError that it raises."""
    remaining = context.time_remaining()
    if remaining is not None and remaining <= 0:  # it waited for a thread: nobody wants the answer any more
        context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")
    try:
        return answer()
    except ServingError as error:
        code, message = error.code, error.message
    except Exception:  # noqa: BLE001  the server's fault, not the request's: its text is not for strangers
        _LOG.exception("A request broke the server's own code.")
        code, message = grpc.StatusCode.INTERNAL, BROKEN
    context.abort(code, message[:MOST_LETTERS])
    raise AssertionError  # abort raises


def metadata_of(context: Any) -> dict[str, str]:
    """Return a call's metadata with string values; names are in lower case, as gRPC has them."""
    return {key: value for key, value in context.invocation_metadata() if isinstance(value, str)}
