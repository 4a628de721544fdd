from __future__ import annotations

import http.server
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest

from kit.errors import StepFailedError
from kit.load import Load, RunningLoad, run_load
from kit.serving.transport import Transport

_PATH = "/test.Echo/Say"


class _Echo(grpc.GenericRpcHandler):
    """Answers what it is asked, and refuses what begins with a minus."""

    def __init__(self) -> None:
        self.asked: Counter[bytes] = Counter()

    def service(self, details: Any) -> Any:
        return grpc.unary_unary_rpc_method_handler(self._say) if details.method == _PATH else None

    def _say(self, request: bytes, context: Any) -> bytes:
        self.asked[request] += 1
        if request.startswith(b"-"):
            context.abort(grpc.StatusCode.UNAVAILABLE, "full")
        return request


@pytest.fixture(scope="module")
def echo() -> Iterator[tuple[str, _Echo]]:
    handler = _Echo()
    with ThreadPoolExecutor(4) as threads:
        server = grpc.server(threads)
        server.add_generic_rpc_handlers((handler,))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        yield f"127.0.0.1:{port}", handler
        server.stop(None).wait()


class _Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200 if body == b"{}" else 400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def page() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.alone
def test_a_closed_loop_over_grpc_from_two_processes(echo: tuple[str, _Echo]) -> None:
    address, handler = echo
    handler.asked.clear()
    load = Load(requests=(b"a", b"-b"), address=address, path=_PATH, callers=4, seconds=0.5, warm_seconds=0.1)
    result = run_load(load, processes=2)
    assert result.answered > 20
    assert result.answered == pytest.approx(result.errors["UNAVAILABLE"], rel=0.2)
    assert len(result.due) <= handler.asked.total()
    assert 0 < result.milliseconds(50) < 200
    assert set(handler.asked) == {b"a", b"-b"}


@pytest.mark.alone
def test_an_open_loop_over_rest(page: str) -> None:
    load = Load(
        requests=(b"{}", b"[]"),
        address=page,
        transport=Transport.REST,
        path="/",
        rate=100,
        seconds=1,
        warm_seconds=0,
    )
    result = run_load(load)
    assert len(result.due) == pytest.approx(100, abs=50)
    assert result.errors == {"400": pytest.approx(result.answered, abs=2)}


@pytest.mark.parametrize(
    ("transport", "code"), [(Transport.GRPC, "UNAVAILABLE"), (Transport.REST, "BROKEN")], ids=["gRPC", "REST"]
)
def test_a_server_that_is_not_there_is_an_error_of_each_request(transport: Transport, code: str) -> None:
    load = Load(
        requests=(b"{}",), address="127.0.0.1:9", transport=transport, rate=50, seconds=0.4, warm_seconds=0
    )
    result = run_load(load)
    assert result.answered == 0
    assert result.errors == {code: len(result.due)}


def test_a_request_that_takes_too_long_is_given_up(page: str) -> None:
    load = Load(
        requests=(b"{}",),
        address=page,
        transport=Transport.REST,
        callers=1,
        seconds=0.1,
        warm_seconds=0,
        timeout_seconds=0,
    )
    assert set(run_load(load).errors) == {"DEADLINE_EXCEEDED"}


def test_a_process_that_died_is_told_of(echo: tuple[str, _Echo]) -> None:
    load = Load(requests=(b"a",), address=echo[0], path=_PATH, callers=1, seconds=30)
    with RunningLoad(load) as running:
        running._calls[0].kill()
        with pytest.raises(StepFailedError, match="should have come to its end"):
            running.wait()


@pytest.mark.alone
def test_it_can_be_ended_before_its_time(page: str) -> None:
    load = Load(
        requests=(b"{}",),
        address=page,
        transport=Transport.REST,
        path="/",
        rate=50,
        seconds=60,
        warm_seconds=0,
    )
    with RunningLoad(load, processes=2) as running:
        time.sleep(1.5)
        started = time.monotonic()
        result = running.stop()
    assert time.monotonic() - started < 5
    assert 0 < result.seconds < 5
    assert result.answered == len(result.due) > 10
