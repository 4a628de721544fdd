"""Each policy of the gateway, asked of the real Envoy; without the policy, its test fails."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import httpx
import pytest
from waiting import wait_until

from gateway.standin import GRPC_PREDICT, GRPC_RELOAD, MODEL, PREDICT, VERSION, Lab
from kit.gateway.certificate import make_certificate

Start = Callable[..., Lab]
OPEN = [
    ("POST", PREDICT),
    ("POST", f"/v1/models/{MODEL}/versions/12:classify"),
    ("POST", f"/v1/models/{MODEL}/labels/canary:regress"),
    ("GET", f"/v1/models/{MODEL}"),
    ("GET", f"/v1/models/{MODEL}/metadata"),
    ("GET", f"/v1/models/{MODEL}/versions/12"),
]
CLOSED = [
    ("GET", "/", 404),
    ("GET", "/v1/models/other", 404),
    ("POST", "/v1/models/other:predict", 404),
    ("POST", f"{PREDICT}/more", 404),
    ("GET", "/monitoring/prometheus/metrics", 404),
    ("GET", f"/v1/models/{MODEL}/versions/x", 404),
    ("POST", f"/v1/models/{MODEL}%2Fmetadata", 400),
    *((method, PREDICT, 405) for method in ("GET", "OPTIONS", "PUT", "DELETE", "PATCH", "HEAD", "TRACE")),
    ("POST", f"/v1/models/{MODEL}/metadata", 405),
    ("OPTIONS", f"/v1/models/{MODEL}", 405),
]


@pytest.mark.parametrize(("method", "path"), OPEN)
def test_what_callers_need_gets_through(shared: Lab, method: str, path: str) -> None:
    answer = shared.ask(method, path)
    assert answer.status_code == 200
    assert answer.headers["x-model-version"] == VERSION
    assert shared.standin.seen[-1][0] == path


@pytest.mark.parametrize(("method", "path", "status"), CLOSED)
def test_everything_else_is_refused(shared: Lab, method: str, path: str, status: int) -> None:
    before = len(shared.standin.seen)
    assert shared.ask(method, path).status_code == status
    assert len(shared.standin.seen) == before


def test_the_server_sees_the_path_that_was_checked(shared: Lab) -> None:
    with socket.create_connection(("127.0.0.1", shared.gateway.address.port), timeout=20) as raw:
        head = f"POST /x/..//v1/./models/{MODEL}:predict HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {shared.token()}"
        raw.sendall(f"{head}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
        assert raw.recv(100).split()[1] == b"200"
    assert shared.standin.seen[-1][0] == PREDICT


def test_grpc_gets_through_and_its_administration_does_not(shared: Lab) -> None:
    assert shared.call(GRPC_PREDICT) is grpc.StatusCode.OK
    before = len(shared.standin.seen)
    for path in (GRPC_RELOAD, "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"):
        assert shared.call(path) is grpc.StatusCode.UNIMPLEMENTED
    assert shared.call(token="") is grpc.StatusCode.UNAUTHENTICATED
    assert len(shared.standin.seen) == before


def test_the_server_is_told_which_models_may_be_asked(shared: Lab) -> None:
    shared.ask(headers={"x-allowed-models": "other"})
    assert shared.standin.seen[-1][1]["x-allowed-models"] == MODEL
    shared.call(GRPC_PREDICT)
    assert shared.standin.seen[-1][1]["x-allowed-models"] == MODEL


def test_the_server_is_told_who_asks_and_gets_no_token(shared: Lab) -> None:
    shared.ask(token=shared.token("bob"), headers={"x-subject": "root", "x-request-id": "mine"})
    headers = shared.standin.seen[-1][1]
    assert headers["x-subject"] == "bob"
    assert headers["x-request-id"] != "mine"
    assert "authorization" not in headers
    assert "x-envoy-internal" not in headers


def test_each_subject_has_a_bucket_of_its_own(lab: Start) -> None:
    busy = lab(rate_limit={"requests": 3, "seconds": 3600})
    assert [busy.ask().status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    assert busy.call() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert busy.ask(token=busy.token("bob")).status_code == 200
    assert len(busy.standin.seen) == 4


def test_one_who_asks_too_much_takes_nothing_from_others(lab: Start) -> None:
    busy = lab(rate_limit={"requests": 2, "seconds": 3600, "all_requests": 5})
    statuses = [busy.ask().status_code for _ in range(10)]
    assert statuses == [200] * 2 + [429] * 8
    others = [busy.ask(token=busy.token(name)).status_code for name in ("bob", "cy", "dan", "eve")]
    assert others == [200, 200, 200, 429]  # five for all


def test_a_bucket_fills_again(lab: Start) -> None:
    busy = lab(rate_limit={"requests": 1, "seconds": 1})
    with ThreadPoolExecutor(8) as pool:  # at once, or a busy machine takes a second for each
        statuses = {each.status_code for each in pool.map(lambda _: busy.ask(), range(8))}
    assert statuses == {200, 429}
    wait_until(lambda: busy.ask().status_code == 200, 20)


def test_a_large_request_is_refused_before_the_server(lab: Start) -> None:
    small = lab(limits={"request_bytes": 100_000})
    assert small.ask(content=b"x" * 100_000).status_code == 200
    assert small.ask(content=b"x" * 100_001).status_code == 413
    assert small.ask(content=(b"x" * 50_000 for _ in range(3))).status_code == 413
    assert small.call(request=b"x" * 200_000) is not grpc.StatusCode.OK
    assert [len(body) for body in small.standin.bodies] == [100_000]


@pytest.mark.parametrize(
    "headers",
    [{"x-large": "x" * 20_000}, {f"x-{n}": "1" for n in range(100)}, {"x_under": "1"}],
    ids=["large", "many", "underscore"],
)
def test_strange_headers_are_refused(shared: Lab, headers: dict[str, str]) -> None:
    before = len(shared.standin.seen)
    assert shared.ask(headers=headers).status_code in {400, 431}
    assert len(shared.standin.seen) == before


@pytest.mark.alone
def test_a_slow_server_is_not_waited_for(lab: Start) -> None:
    hasty = lab(limits={"timeout_seconds": 0.3})
    started = time.monotonic()
    answer = hasty.ask(json={"seconds": 3}, headers={"x-envoy-upstream-rq-timeout-ms": "9000"})
    assert answer.status_code == 504
    assert time.monotonic() - started < 2


@pytest.mark.alone
def test_a_slow_caller_is_not_waited_for(lab: Start) -> None:
    hasty = lab(limits={"receive_seconds": 0.5})
    started = time.monotonic()
    with socket.create_connection(("127.0.0.1", hasty.gateway.address.port), timeout=10) as raw:
        head = f"POST {PREDICT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {hasty.token()}\r\n"
        raw.sendall(f"{head}content-length: 10\r\n\r\nx".encode())
        assert raw.recv(100).split()[1] == b"408"
    assert time.monotonic() - started < 4  # another timeout would end it after 5.5 s
    assert not hasty.standin.seen


def test_a_prediction_is_asked_for_once_and_a_status_twice(shared: Lab) -> None:
    before = len(shared.standin.seen)
    wish = {"x-envoy-retry-on": "5xx", "x-envoy-max-retries": "3"}
    assert shared.ask(json={"status": 503}, headers=wish).status_code == 503
    assert len(shared.standin.seen) == before + 1
    answer = shared.ask("GET", f"/v1/models/{MODEL}", content=b'{"status": 503}')
    assert answer.status_code == 503
    assert len(shared.standin.seen) == before + 3


def test_more_than_the_server_bears_is_refused_at_once(lab: Start) -> None:
    narrow = lab(breaker={"connections": 1, "pending": 1, "requests": 1})
    token = narrow.token()

    def ask(_: int) -> httpx.Response:
        return narrow.ask(json={"seconds": 1}, token=token)

    with ThreadPoolExecutor(6) as pool:
        statuses = sorted(answer.status_code for answer in pool.map(ask, range(6)))
    assert statuses[0] == 200
    assert statuses.count(503) >= 3
    assert {line["flags"] for line in narrow.log(6) if line["status"] == 503} == {"UO"}


def test_the_same_holds_for_grpc_whose_requests_share_a_connection(lab: Start) -> None:
    narrow = lab(breaker={"requests": 1})
    token = narrow.token()
    with ThreadPoolExecutor(4) as pool:
        codes = list(pool.map(lambda _: narrow.call(token=token, request=b"slow"), range(4)))
    assert grpc.StatusCode.OK in codes
    assert grpc.StatusCode.UNAVAILABLE in codes


def test_a_server_that_fails_is_left_in_peace_and_asked_again(lab: Start) -> None:
    broken = lab(breaker={"failures": 3, "pause_seconds": 1})
    for _ in range(3):
        assert broken.ask(json={"status": 500}).status_code == 500
    before = len(broken.standin.seen)
    assert broken.ask().status_code == 503
    assert len(broken.standin.seen) == before
    wait_until(lambda: broken.ask().status_code == 200, 20)


def test_tls_is_all_there_is_and_the_certificate_is_taken_over(lab: Start, tmp_path: Path) -> None:
    files = make_certificate(tmp_path / "tls")
    safe = lab(certificate=files)
    old = ssl.create_default_context(cafile=str(files[0]))
    assert safe.ask(verify=old).status_code == 200
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"http://{safe.gateway.address}/", timeout=10)
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        safe.ask()
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    assert safe.ask(verify=old).status_code == 200
    make_certificate(tmp_path / "tls")
    new = ssl.create_default_context(cafile=str(files[0]))
    deadline = time.monotonic() + 20
    while True:
        try:
            assert safe.ask(verify=new).status_code == 200
            break
        except httpx.ConnectError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_grpc_goes_through_tls(lab: Start, tmp_path: Path) -> None:
    files = make_certificate(tmp_path / "tls")
    safe = lab(certificate=files)
    roots = grpc.ssl_channel_credentials(files[0].read_bytes())
    with grpc.secure_channel(str(safe.gateway.address), roots) as channel:
        metadata = [("authorization", f"Bearer {safe.token()}")]
        assert channel.unary_unary(GRPC_PREDICT)(b"x", metadata=metadata, timeout=20) == b"x"
