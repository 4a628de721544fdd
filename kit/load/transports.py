"""How a request is sent: over gRPC or over HTTP/1.1."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import grpc

from kit.load.loops import Send
from kit.load.plan import Load
from kit.load.result import OK
from kit.serving.transport import Transport

_UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
_GOOD = b"200"
BROKEN, SLOW = "BROKEN", "DEADLINE_EXCEEDED"


def opened(load: Load) -> AbstractAsyncContextManager[Send]:
    """Return what sends over the transport of a load while its block runs."""
    return _grpc(load) if load.transport == Transport.GRPC else _http(load)


@asynccontextmanager
async def _grpc(load: Load) -> AsyncIterator[Send]:
    async with grpc.aio.insecure_channel(load.address, options=_UNLIMITED) as channel:
        call = channel.unary_unary(load.path)  # bytes as they are: nothing is parsed here

        async def send(body: bytes) -> str:
            try:
                await call(body, timeout=load.timeout_seconds)
            except grpc.aio.AioRpcError as error:
                return str(error.code().name)
            return OK

        yield send


class _Connections:
    """Kept HTTP/1.1 connections: each request has one to itself."""

    def __init__(self, load: Load) -> None:
        host, _, port = load.address.rpartition(":")
        self._host, self._port = host, int(port)
        self._head = (
            f"POST {load.path} HTTP/1.1\r\nHost: {load.address}\r\nContent-Type: application/json\r\n"
        )
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def post(self, body: bytes) -> str:
        """Return OK, or the status that is not 200.

        Raises:
            OSError: when the connection cannot be made or breaks.
            EOFError: when the answer ends early.
        """
        pair = self._idle.pop() if self._idle else await asyncio.open_connection(self._host, self._port)
        reader, writer = pair
        kept = False
        try:
            writer.write(f"{self._head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
            await reader.readexactly(int(fields[b"content-length"]))
            kept = fields.get(b"connection") != b"close"
        finally:
            if kept:
                self._idle.append(pair)
            else:
                writer.close()
        status = head.split(b" ", 2)[1]
        return OK if status == _GOOD else status.decode("ascii", "replace")

    def close(self) -> None:
        for _, writer in self._idle:
            writer.close()


@asynccontextmanager
async def _http(load: Load) -> AsyncIterator[Send]:
    connections = _Connections(load)

    async def send(body: bytes) -> str:
        try:
            async with asyncio.timeout(load.timeout_seconds):
                return await connections.post(body)
        except TimeoutError:
            return SLOW
        except (OSError, EOFError, KeyError, ValueError):
            # No connection, or no answer of HTTP with its length
            return BROKEN

    try:
        yield send
    finally:
        connections.close()
