"""Addresses, as the real server's regular expressions take them."""

from __future__ import annotations

import grpc
import pytest

from kit.serving.errors import ServingError
from kit.serving.rest.paths import Address, read_address


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", "/v1/models/m:predict", Address("predict", "m", None, None)),
        ("POST", "/V1/Models/m/Versions/12:CLASSIFY", Address("classify", "m", 12, None)),
        ("POST", "/v1/models/m/labels/stable:regress", Address("regress", "m", None, "stable")),
        ("POST", "/v1/models/a%2Fb:predict", Address("predict", "a/b", None, None)),
        ("GET", "/v1/models/m", Address("status", "m", None, None)),
        ("GET", "/v1/models/m/versions/3", Address("status", "m", 3, None)),
        ("GET", "/v1/models/m/labels/c%C3%A4n", Address("status", "m", None, "cän")),
        ("GET", "/v1/models/m/versions/3/metadata", Address("metadata", "m", 3, None)),
        ("GET", "/v1/models/metadata", Address("status", "metadata", None, None)),
    ],
)
def test_a_path_names_what_is_asked_of_which_version(method: str, path: str, expected: Address) -> None:
    assert read_address(method, path) == expected


_BAD = grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("method", "path", "code", "message"),
    [
        ("GET", "/v1/models/m:predict", _BAD, "Malformed request: GET /v1/models/m:predict"),
        ("POST", "/v1/models/m", _BAD, "Malformed request: POST /v1/models/m"),
        ("POST", "/v1/models/m:train", _BAD, "Malformed request: POST /v1/models/m:train"),
        ("POST", "/v1/models/m:predict?x=1", _BAD, "Malformed request: POST /v1/models/m:predict?x=1"),
        ("POST", "/v1/models/m/versions/x:predict", _BAD, "Malformed request: "),
        ("POST", "/v1/models/m/versions/1/labels/a:predict", _BAD, "Malformed request: "),
        ("PUT", "/v1/models/m:predict", _BAD, "Malformed request: PUT "),
        ("GET", "/v1/models", _BAD, "Missing model name in request."),
        (
            "GET",
            f"/v1/models/m/versions/{1 << 63}",
            _BAD,
            f"Failed to convert version: {1 << 63} to numeric.",
        ),
        ("GET", "/v1/models/%FF", _BAD, "Failed to decode model name:%FF"),
        ("GET", "/v1/models/m/labels/%FF", _BAD, "Failed to decode model version label:%FF"),
        ("GET", "/favicon.ico", grpc.StatusCode.NOT_FOUND, "Not Found: /favicon.ico"),
    ],
)
def test_what_is_no_address_is_refused(method: str, path: str, code: grpc.StatusCode, message: str) -> None:
    with pytest.raises(ServingError) as raised:
        read_address(method, path)
    assert (raised.value.code, raised.value.message[: len(message)]) == (code, message)
