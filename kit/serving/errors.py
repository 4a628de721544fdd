"""Errors that a server answers with: a gRPC status code and a text, as TensorFlow Serving gives them."""

from __future__ import annotations

from http import HTTPStatus

import grpc

from kit.errors import KitError, UsageError

_HTTP_STATUS = {
    grpc.StatusCode.OK: HTTPStatus.OK,
    grpc.StatusCode.CANCELLED: 499,  # client closed request, which the standard does not name
    grpc.StatusCode.INVALID_ARGUMENT: HTTPStatus.BAD_REQUEST,
    grpc.StatusCode.DEADLINE_EXCEEDED: HTTPStatus.GATEWAY_TIMEOUT,
    grpc.StatusCode.NOT_FOUND: HTTPStatus.NOT_FOUND,
    grpc.StatusCode.ALREADY_EXISTS: HTTPStatus.CONFLICT,
    grpc.StatusCode.PERMISSION_DENIED: HTTPStatus.FORBIDDEN,
    grpc.StatusCode.UNAUTHENTICATED: HTTPStatus.UNAUTHORIZED,
    grpc.StatusCode.RESOURCE_EXHAUSTED: HTTPStatus.TOO_MANY_REQUESTS,
    grpc.StatusCode.FAILED_PRECONDITION: HTTPStatus.BAD_REQUEST,
    grpc.StatusCode.ABORTED: HTTPStatus.CONFLICT,
    grpc.StatusCode.OUT_OF_RANGE: HTTPStatus.BAD_REQUEST,
    grpc.StatusCode.UNIMPLEMENTED: HTTPStatus.NOT_IMPLEMENTED,
    grpc.StatusCode.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
}
_CODES = {code.value[0]: code for code in grpc.StatusCode}


class ServingError(KitError):
    """A request or a model that cannot be served.

    Its text is TensorFlow Serving's own wherever that has one, because clients and runbooks search for it. So it does
    not always have three parts.

    Attributes:
        code: the gRPC status; `http_status` gives REST's.
        message: the text for the client.
    """

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(code, message)
        self.code, self.message = code, message

    def __str__(self) -> str:
        return self.message


def invalid(message: str) -> ServingError:
    """Return the error for a request that does not fit: INVALID_ARGUMENT."""
    return ServingError(grpc.StatusCode.INVALID_ARGUMENT, message)


class ServerError(UsageError):
    """A server cannot be started as requested."""


def cannot_listen(address: str, reason: object) -> ServerError:
    """Return the error of a server that cannot have its port."""
    return ServerError(
        f"A server must be able to listen on {address}, but that port is taken or not allowed ({reason}). "
        "Choose another port, or 0 for any free one."
    )


def http_status(code: grpc.StatusCode) -> int:
    """Return the HTTP status that TensorFlow Serving's REST API gives for a gRPC code.

    Source: `ToHTTPStatusCode` in tensorflow_serving/model_servers/http_server.cc.
    """
    return int(_HTTP_STATUS.get(code, HTTPStatus.INTERNAL_SERVER_ERROR))


def code_of(number: int) -> grpc.StatusCode:
    """Return the gRPC status for the number that a TensorFlow error carries; a number unknown to gRPC is UNKNOWN."""
    return _CODES.get(number, grpc.StatusCode.UNKNOWN)
