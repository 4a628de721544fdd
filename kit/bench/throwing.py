"""Send arbitrary requests over HTTP/1.1 and gRPC, and classify the outcomes."""

from __future__ import annotations

import re
import socket
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import islice

import grpc

from kit.gateway.plan import Address

REFUSED, ACCEPTED, HUNG, BROKEN = "refused", "accepted", "hung", "broken"
_SECONDS = 10.0  # longest time for an answer; more counts as a hang
_THREADS = 4
_BATCH = 500
_CALLS = 50  # most gRPC calls under way at a time
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *([0-9]+)")
_CLOSES = re.compile(rb"(?i)\r\nconnection: *close")
_OWN_ERROR = 500  # a failure of the server's own code; 501, 503 and 505 are deliberate answers
_BROKEN_CODES = {grpc.StatusCode.UNKNOWN, grpc.StatusCode.DATA_LOSS, grpc.StatusCode.INTERNAL}
_NO_MESSAGE = "deserializing"  # gRPC itself answers INTERNAL to bytes that are not the method's message


def throw_http(address: Address, requests: Iterable[bytes]) -> Counter[str]:
    """Send the requests one by one, on a connection that is kept as long as the other side keeps it."""
    remaining = iter(requests)
    batches = iter(lambda: list(islice(remaining, _BATCH)), [])
    counts: Counter[str] = Counter()
    with ThreadPoolExecutor(_THREADS) as pool:
        for found in pool.map(lambda batch: _throw_batch(address, batch), batches):
            counts += found
    return counts


def throw_grpc(address: Address, path: str, token: str, requests: Iterable[bytes]) -> Counter[str]:
    """Call a method with the raw bytes, a few calls at a time."""
    counts: Counter[str] = Counter()
    metadata = [("authorization", f"Bearer {token}")] if token else []
    remaining = iter(requests)
    with grpc.insecure_channel(str(address)) as channel:
        call = channel.unary_unary(path)
        while batch := list(islice(remaining, _CALLS)):
            calls = [call.future(one, metadata=metadata, timeout=_SECONDS) for one in batch]
            counts.update(_grpc_outcome(one.code(), one.details() or "") for one in calls)
    return counts


def _throw_batch(address: Address, batch: Iterable[bytes]) -> Counter[str]:
    counts: Counter[str] = Counter()
    connection: socket.socket | None = None
    for request in batch:
        outcome, keep = "", False
        while not outcome:  # once more if the other side had closed a kept connection
            fresh = connection is None
            connection = connection or socket.create_connection((address.host, address.port), _SECONDS)
            outcome, keep = _exchange(connection, request, fresh=fresh)
            if not keep:
                connection.close()
                connection = None
        counts[outcome] += 1
    if connection is not None:
        connection.close()
    return counts


def _exchange(connection: socket.socket, request: bytes, *, fresh: bool) -> tuple[str, bool]:
    """Return a request's outcome, empty if it must be sent again, and whether the connection can be reused."""
    try:
        # The server may refuse, and close the connection, before everything is sent.
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(request)
        head = _read_answer(connection)
    except TimeoutError:
        return HUNG, False
    except ConnectionError:
        head = b""
    if not head:
        return (REFUSED if fresh else ""), False
    status = int(head.split(maxsplit=2)[1])
    outcome = ACCEPTED if status < 300 else BROKEN if status == _OWN_ERROR else REFUSED  # noqa: PLR2004
    return outcome, not _CLOSES.search(head)


def _read_answer(connection: socket.socket) -> bytes:
    """Return the head of an answer after reading its body too; empty if the connection is closed without one."""
    answer = b""
    while b"\r\n\r\n" not in answer:
        part = connection.recv(65_536)
        if not part:
            return b""
        answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    length = _LENGTH.search(head)
    left = int(length[1]) - len(body) if length else 0
    while left > 0 and (part := connection.recv(65_536)):
        left -= len(part)
    return head


def _grpc_outcome(code: grpc.StatusCode, details: str) -> str:
    if code is grpc.StatusCode.OK:
        return ACCEPTED
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return HUNG
    return BROKEN if code in _BROKEN_CODES and _NO_MESSAGE not in details else REFUSED
