from __future__ import annotations

import pickle

import grpc
import pytest

from kit.serving.errors import ServingError, code_of, http_status


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (grpc.StatusCode.OK, 200),
        (grpc.StatusCode.INVALID_ARGUMENT, 400),
        (grpc.StatusCode.FAILED_PRECONDITION, 400),
        (grpc.StatusCode.UNAUTHENTICATED, 401),
        (grpc.StatusCode.NOT_FOUND, 404),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, 429),
        (grpc.StatusCode.CANCELLED, 499),
        (grpc.StatusCode.INTERNAL, 500),
        (grpc.StatusCode.DATA_LOSS, 500),
        (grpc.StatusCode.UNIMPLEMENTED, 501),
        (grpc.StatusCode.UNAVAILABLE, 503),
        (grpc.StatusCode.DEADLINE_EXCEEDED, 504),
    ],
)
def test_status_of_rest_is_the_real_servers(code: grpc.StatusCode, status: int) -> None:
    assert http_status(code) == status


def test_an_error_survives_the_way_out_of_the_servers_process() -> None:
    error = pickle.loads(pickle.dumps(ServingError(grpc.StatusCode.NOT_FOUND, "no such model")))  # noqa: S301  our own
    assert (error.code, str(error)) == (grpc.StatusCode.NOT_FOUND, "no such model")


@pytest.mark.parametrize(
    ("number", "code"), [(3, grpc.StatusCode.INVALID_ARGUMENT), (99, grpc.StatusCode.UNKNOWN)]
)
def test_tensorflows_codes_are_grpcs(number: int, code: grpc.StatusCode) -> None:
    assert code_of(number) is code
