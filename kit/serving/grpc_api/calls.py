"""What every call of gRPC shares: an error becomes a status, and nothing that breaks here reaches the client."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

import grpc

from kit.serving.errors import ServingError
from kit.serving.gathering import BROKEN

_R = TypeVar("_R")
MOST_LETTERS = 2000
"""Of a status text. It travels in the trailers, which clients limit to 8 KiB, and a letter may become three bytes."""
_LOG = logging.getLogger(__name__)


def answered(context: Any, answer: Callable[[], _R]) -> _R:
    """Return an answer, or end the call with the status of its ServingError."""
    remaining = context.time_remaining()
    if remaining is not None and remaining <= 0:  # it waited for a thread: nobody wants the answer any more
        context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")
    try:
        return answer()
    except ServingError as error:
        code, message = error.code, error.message
    except Exception:  # noqa: BLE001  of the server, not of the request: its text is not for strangers
        _LOG.exception("A request broke the server's own code.")
        code, message = grpc.StatusCode.INTERNAL, BROKEN
    context.abort(code, message[:MOST_LETTERS])
    raise AssertionError  # abort raises


def metadata_of(context: Any) -> dict[str, str]:
    """Return the metadata of a call that are texts; names are in small letters, as gRPC has them."""
    return {key: value for key, value in context.invocation_metadata() if isinstance(value, str)}
