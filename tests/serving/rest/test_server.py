"""Through the port: HTTP itself, its limits, and its end."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
from pathlib import Path

import pytest

from kit.serving.errors import ServerError
from kit.serving.server import ModelServer
from serving.held import Held
from serving.models import NAME, settings_of
from serving.rest.asking import ask
from serving.rest.conftest import LIMIT

_PREDICT = f"/v1/models/{NAME}:predict"
_SECONDS = 20


def test_an_answer_is_written_as_the_real_server_writes_it(rest: str) -> None:
    answer = ask(rest, _PREDICT, {"instances": [1.0, 2.5]})
    assert answer.status == 200
    assert answer.text == '{\n    "predictions": [2.0, 5.0\n    ]\n}'
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-model-version"] == "1"


def test_a_body_may_be_gzipped(rest: str) -> None:
    packed, headers = gzip.compress(b'{"instances": [7]}'), {"Content-Encoding": "gzip"}
    assert ask(rest, _PREDICT, packed, headers=headers).json == {"predictions": [14.0]}
    for broken in (packed[:-4], b"not gzip"):
        answer = ask(rest, _PREDICT, broken, headers=headers)
        assert (answer.status, "uncompress" in answer.error) == (400, True)


def test_a_gzip_bomb_is_not_unpacked(rest: str) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    assert len(bomb) < LIMIT
    answer = ask(rest, _PREDICT, bomb, headers={"Content-Encoding": "gzip"})
    assert (answer.status, answer.error) == (429, f"The body is larger than {LIMIT} bytes.")


@pytest.mark.parametrize("times", [1.1, 3.9])
def test_a_body_that_is_too_large_is_refused(rest: str, times: float) -> None:
    answer = ask(rest, _PREDICT, b" " * int(times * LIMIT))
    assert (answer.status, answer.error) == (413, f"The body is larger than {LIMIT} bytes.")


def test_a_body_that_says_it_is_far_too_large_ends_the_connection_before_it_is_read(rest: str) -> None:
    head = f"POST {_PREDICT} HTTP/1.1\r\nhost: x\r\ncontent-length: {10**12}\r\n\r\n"
    with _connected(rest) as connection:
        connection.sendall(head.encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 400 ")
        assert connection.recv(1000) == b""


def test_a_body_in_chunks_is_taken(rest: str) -> None:
    head = f"POST {_PREDICT} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    with _connected(rest) as connection:
        connection.sendall(head.encode() + b'f\r\n{"instances": [\r\n3\r\n4]}\r\n0\r\n\r\n')
        assert b"8.0" in connection.recv(10_000)


@pytest.mark.parametrize("garbage", [b"\x16\x03\x01\x02\r\n\r\n", b"GET\r\n\r\n", b"\x00\r\n\r\n"])
def test_what_is_not_http_ends_its_connection_only(rest: str, garbage: bytes) -> None:
    with _connected(rest) as connection:
        connection.sendall(garbage)
        assert b"200" not in connection.recv(1000)
        assert connection.recv(1000) == b""
    assert ask(rest, _PREDICT, {"instances": [1]}).status == 200


def test_one_connection_carries_many_requests(rest: str) -> None:
    body = b'{"instances": [1]}'
    request = f"POST {_PREDICT} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body
    with _connected(rest) as connection:
        connection.sendall(request * 3)
        found = b""
        while found.count(b"predictions") < 3:
            found += connection.recv(10_000)
    assert found.count(b"HTTP/1.1 200 OK") == 3


def test_a_client_that_goes_away_is_no_harm(rest: str) -> None:
    for part in (b"POST /v1", f"POST {_PREDICT} HTTP/1.1\r\nhost: x\r\ncontent-length: 18\r\n\r\n".encode()):
        with _connected(rest) as connection:
            connection.sendall(part)
    assert ask(rest, _PREDICT, {"instances": [1]}).status == 200


def test_pages_of_other_sites_may_ask_when_that_is_wanted(rest: str, base: Path) -> None:
    answer = ask(rest, _PREDICT, method="OPTIONS")
    assert (answer.status, answer.text, answer.headers["access-control-allow-origin"]) == (200, "", "*")
    assert ask(rest, _PREDICT, {"instances": [1]}).headers["access-control-allow-methods"] == "POST, GET"
    with ModelServer(settings_of(base, rest_api_port=0)) as closed:
        address = str(closed.start().rest)
        assert ask(address, _PREDICT, method="OPTIONS").status == 400
        assert "access-control-allow-origin" not in ask(address, _PREDICT, {"instances": [1]}).headers


def test_head_has_no_body(rest: str) -> None:
    answer = ask(rest, f"/v1/models/{NAME}", method="HEAD")
    assert (answer.status, answer.text) == (400, "")  # as there: only GET and POST are known


def test_a_port_that_is_taken_is_said_and_nothing_stays_behind(base: Path, rest: str) -> None:
    other = ModelServer(settings_of(base, rest_api_port=int(rest.rpartition(":")[2])))
    with pytest.raises(ServerError, match=rest):
        other.start()
    assert not other.manager.ready()


def test_more_requests_at_once_than_allowed_are_turned_away(base: Path) -> None:
    held = Held()
    with ModelServer(settings_of(base, rest_api_port=0, max_concurrent_requests=1), [held]) as server:
        address = str(server.start().rest)
        first = _Asking(address)
        assert held.begun.wait(_SECONDS)
        second = ask(address, _PREDICT, {"instances": [1]})
        held.go_on.set()
        assert (second.status, second.error) == (429, "Too many requests at once.")
        assert first.status() == 200


def test_more_connections_than_that_are_closed_and_make_room_when_they_go(base: Path) -> None:
    with ModelServer(settings_of(base, rest_api_port=0, max_concurrent_requests=1)) as server:
        address = str(server.start().rest)
        kept = [_connected(address) for _ in range(2)]
        with _connected(address) as refused:
            assert refused.recv(1) == b""
        for connection in kept:
            connection.close()
        _await_answer(address)


def test_a_request_that_takes_too_long_is_given_up(base: Path) -> None:
    held = Held()
    with ModelServer(settings_of(base, rest_api_port=0, rest_api_timeout_in_ms=100), [held]) as server:
        answer = ask(str(server.start().rest), _PREDICT, {"instances": [1]})
        held.go_on.set()
    assert (answer.status, answer.error) == (504, "Timed out waiting for the answer.")


def test_a_request_that_runs_is_answered_when_the_server_stops(base: Path) -> None:
    held = Held()
    server = ModelServer(settings_of(base, rest_api_port=0), [held])
    address = str(server.start().rest)
    first = _Asking(address)
    assert held.begun.wait(_SECONDS)
    stopping = threading.Thread(target=server.stop)
    stopping.start()
    _await_closed(address)
    held.go_on.set()
    assert first.status() == 200
    stopping.join()


def test_a_large_answer_is_sent_to_its_end_although_the_server_stops(base: Path) -> None:
    body = json.dumps({"instances": [1 / 3] * 400_000}).encode()
    head = f"POST {_PREDICT} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n".encode()
    server = ModelServer(settings_of(base, rest_api_port=0))
    address = str(server.start().rest)
    with _connected(address) as connection:
        connection.sendall(head + body)
        found = connection.recv(10)  # it has begun; the rest is more than the buffers of the system hold
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        _await_closed(address)
        while part := connection.recv(1 << 20):
            found += part
    stopping.join()
    assert found.endswith(b"0.666666687\n    ]\n}")
    assert found.count(b"0.666666687") == 400_000


def test_a_sender_that_stops_in_the_middle_of_a_body_is_not_waited_for(base: Path) -> None:
    head = f"POST {_PREDICT} HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n"
    with (
        ModelServer(settings_of(base, rest_api_port=0, rest_api_timeout_in_ms=300)) as server,
        _connected(str(server.start().rest)) as connection,
    ):
        connection.sendall(f"{head}{{".encode())
        assert connection.recv(10) == b""


class _Asking(threading.Thread):
    """A request under way."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self._address, self._status = address, 0
        self.start()

    def run(self) -> None:
        self._status = ask(self._address, _PREDICT, {"instances": [1]}).status

    def status(self) -> int:
        self.join(_SECONDS)
        return self._status


def _connected(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), _SECONDS)


def _await_answer(address: str) -> None:
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        try:
            assert ask(address, _PREDICT, {"instances": [1]}).status == 200
        except OSError:  # closed before it answered: there is no room yet
            time.sleep(0.01)
        else:
            return
    raise AssertionError("There is no room for a connection.")


def _await_closed(address: str) -> None:
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        try:
            _connected(address).close()
        except ConnectionRefusedError:
            return
        time.sleep(0.01)
    raise AssertionError("The server still listens.")
