"""What becomes of a request is told rightly, also when it is what must not happen."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
import pytest

from kit.bench import throwing
from kit.bench.throwing import ACCEPTED, BROKEN, HUNG, REFUSED, throw_grpc, throw_http
from kit.gateway.plan import Address

PATH = "/a.B/C"


@contextmanager
def answering(*answers: bytes) -> Iterator[Address]:
    """Listen, and give each connection the next answer; an empty one closes, `hang` says nothing."""
    listener = socket.create_server(("127.0.0.1", 0))
    kept: list[socket.socket] = []

    def serve() -> None:
        for answer in answers:
            connection, _ = listener.accept()
            connection.recv(65_536)
            if answer == b"hang":
                kept.append(connection)
                continue
            connection.sendall(answer)
            connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    yield Address(listener.getsockname()[1])
    thread.join()
    listener.close()
    for one in kept:
        one.close()


def answer(status: int, *, close: str = "\r\nconnection: close") -> bytes:
    return f"HTTP/1.1 {status} X{close}\r\ncontent-length: 2\r\n\r\n{{}}".encode()


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (answer(200), ACCEPTED),
        (answer(204), ACCEPTED),
        (answer(400), REFUSED),
        (answer(503), REFUSED),
        (answer(500), BROKEN),
        (b"", REFUSED),
        (b"hang", HUNG),
    ],
)
def test_outcomes_of_http(said: bytes, outcome: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throwing, "_SECONDS", 0.3)
    with answering(said) as address:
        assert throw_http(address, [b"x"]) == {outcome: 1}


def test_a_kept_connection_that_was_closed_is_not_an_outcome() -> None:
    with answering(answer(400, close=""), answer(200)) as address:
        assert throw_http(address, [b"x", b"y"]) == {REFUSED: 1, ACCEPTED: 1}


def breaks(_request: bytes, _context: Any) -> bytes:
    raise ValueError("no")


def refuses(code: grpc.StatusCode, details: str) -> Callable[[bytes, Any], bytes]:
    def refuse(_request: bytes, context: Any) -> bytes:
        context.abort(code, details)
        raise AssertionError

    return refuse


@pytest.mark.parametrize(
    ("method", "outcome"),
    [
        (lambda request, _context: request, ACCEPTED),
        (breaks, BROKEN),
        (refuses(grpc.StatusCode.INTERNAL, "Internal error"), BROKEN),
        (refuses(grpc.StatusCode.INTERNAL, "Exception deserializing request!"), REFUSED),
        (refuses(grpc.StatusCode.INVALID_ARGUMENT, "no"), REFUSED),
        (refuses(grpc.StatusCode.DEADLINE_EXCEEDED, "late"), HUNG),
    ],
    ids=["accepts", "breaks", "internal", "no message", "refuses", "late"],
)
def test_outcomes_of_grpc(method: Callable[[bytes, Any], bytes], outcome: str) -> None:
    server = grpc.server(ThreadPoolExecutor(2))
    handlers = {"C": grpc.unary_unary_rpc_method_handler(method)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("a.B", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        assert throw_grpc(Address(port), PATH, "", [b"x"] * 3) == {outcome: 3}
    finally:
        server.stop(0).wait()
