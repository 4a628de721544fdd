"""HTTP for REST: tornado's event loop in a thread of its own, and threads that answer.

Requests go to `RestApi` without tornado's `Application`, whose routing and handlers cost more than a small model's
answer.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.client import responses
from typing import Any

import grpc
from tornado import httputil
from tornado.httpserver import HTTPServer
from tornado.iostream import IOStream, StreamClosedError

from kit.os_errors import reason_of
from kit.serving.errors import cannot_listen
from kit.serving.inference import Inference
from kit.serving.metrics import Metrics
from kit.serving.rest.api import Reply, Request, RestApi, refusal
from kit.serving.settings import Settings

_LOG = logging.getLogger(__name__)
_BACKLOG = 128  # most connections that wait to be accepted
_READ_ON = 4
"""A body of up to this many times the limit is read to its end, and thrown away, so that the sender sees why it is
refused. Beyond that the connection is closed."""
_CONNECTIONS = 2
"""Open connections per request that may run at once; more are closed, or strangers could use up all file handles."""
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST, GET",
    "Access-Control-Allow-Headers": "Content-Type",
}


class RestServer:
    """Serves `Inference` through REST, between `start` and `stop`."""

    def __init__(self, inference: Inference, settings: Settings, metrics: Metrics | None = None) -> None:
        """Build the server; it does not listen yet.

        Args:
            inference: the part that answers.
            settings: the server's settings.
            metrics: the metrics to expose and to count into.
        """
        self._settings = settings
        self._api = RestApi(inference, settings.max_message_bytes, metrics)
        self._threads = ThreadPoolExecutor(settings.rest_api_num_threads, "serving-rest")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="serving-http", daemon=True)
        self._http: _BoundedServer | None = None
        # Only the loop's thread changes these.
        self._running = 0  # requests that are being answered, or wait for a thread
        self._open = 0  # those, and requests whose answer is being sent
        self._idle = asyncio.Event()
        self._idle.set()
        if metrics:
            metrics.watch_queue(lambda: max(0, self._running - self._api.running))

    def start(self) -> str:
        """Listen; return the address, host and port.

        Raises:
            ServerError: when the port is not available.
        """
        host, port = self._settings.host, self._settings.rest_api_port or 0
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            listening = socket.create_server((host, port), family=family, backlog=_BACKLOG)
        except OSError as error:
            self._close()
            raise cannot_listen(f"{host}:{port}", reason_of(error)) from error
        listening.setblocking(False)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(listening), self._loop).result()
        return f"{host}:{listening.getsockname()[1]}"

    async def _listen(self, listening: socket.socket) -> None:
        limit = self._settings.max_message_bytes
        self._http = _BoundedServer(
            _Connections(self),
            max_body_size=_READ_ON * limit,
            max_buffer_size=_READ_ON * limit,
            body_timeout=self._settings.rest_api_timeout_in_ms / 1000,
        )
        self._http.most = _CONNECTIONS * self._settings.max_concurrent_requests
        self._http.add_sockets([listening])

    def stop(self) -> None:
        """Accept no more requests, and give running ones `drain_seconds` to finish."""
        asyncio.run_coroutine_threadsafe(self._drain(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._close()

    async def _drain(self) -> None:
        if self._http is None:
            return
        self._http.stop()
        try:
            await asyncio.wait_for(self._idle.wait(), self._settings.drain_seconds)
        except TimeoutError:
            _LOG.warning("%s requests had not finished after drain_seconds.", self._open)
        await self._http.close_all_connections()

    def _close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._loop.close()

    async def answer(self, request: Request) -> Reply:
        """Return the answer within the timeout, or a refusal; called in the loop's thread."""
        if self._running >= self._settings.max_concurrent_requests:
            return refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "Too many requests at once.")
        self._running += 1
        try:
            answering = self._loop.run_in_executor(self._threads, self._api.answer, request)
            return await asyncio.wait_for(answering, self._settings.rest_api_timeout_in_ms / 1000)
        except TimeoutError:
            return refusal(grpc.StatusCode.DEADLINE_EXCEEDED, "Timed out waiting for the answer.")
        finally:
            self._running -= 1

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Keep `stop` waiting, for `drain_seconds` at most, until the block is left."""
        self._open += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._open -= 1
            if not self._open:
                self._idle.set()

    @property
    def limit(self) -> int:
        """Most bytes in a body."""
        return self._settings.max_message_bytes

    @property
    def cors(self) -> bool:
        """Whether pages of other sites may send requests."""
        return self._settings.rest_api_enable_cors_support


class _BoundedServer(HTTPServer):
    """Closes new connections beyond a limit.

    Attributes:
        most: the limit.
        count: how many connections are open.
    """

    most = 0
    count = 0

    def handle_stream(self, stream: IOStream, address: tuple[Any, ...]) -> None:
        if self.count >= self.most:
            stream.close()
            return
        self.count += 1
        super().handle_stream(stream, address)

    def on_close(self, server_conn: object) -> None:
        self.count -= 1
        super().on_close(server_conn)


class _Connections(httputil.HTTPServerConnectionDelegate):
    """Makes one `_Exchange` for each request."""

    def __init__(self, server: RestServer) -> None:
        self._server = server

    def start_request(self, _server_conn: object, request_conn: httputil.HTTPConnection) -> _Exchange:
        return _Exchange(self._server, request_conn)


class _Exchange(httputil.HTTPMessageDelegate):
    """One request as it comes in, and its answer."""

    def __init__(self, server: RestServer, connection: httputil.HTTPConnection) -> None:
        self._server, self._connection = server, connection
        self._line = httputil.RequestStartLine("", "", "")
        self._headers = httputil.HTTPHeaders()
        self._parts: list[bytes] = []
        self._size = 0
        self._closed = False
        self._task: asyncio.Task[None] | None = None  # the loop itself keeps only a weak reference

    def headers_received(self, start_line: Any, headers: httputil.HTTPHeaders) -> None:
        self._line, self._headers = start_line, headers

    def data_received(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > self._server.limit:
            self._parts.clear()
        else:
            self._parts.append(chunk)

    def on_connection_close(self) -> None:
        self._closed = True

    def finish(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._answer())

    async def _answer(self) -> None:
        with self._server.opened(), suppress(StreamClosedError):
            reply = await self._reply()
            if not self._closed:
                await self._send(reply)

    async def _send(self, reply: Reply) -> None:
        headers = httputil.HTTPHeaders(dict(reply.headers))
        if self._server.cors:
            headers.update(_CORS)
        headers["Content-Length"] = str(len(reply.body))
        start = httputil.ResponseStartLine("HTTP/1.1", reply.status, responses.get(reply.status, "Error"))
        body = b"" if self._line.method == "HEAD" else reply.body
        sent = self._connection.write_headers(start, headers, body)
        self._connection.finish()
        await sent  # handed to the operating system, which sends the rest although the connection is closed

    async def _reply(self) -> Reply:
        if self._size > self._server.limit:
            message = f"The body is larger than {self._server.limit} bytes."
            return refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, message, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if self._server.cors and self._line.method == "OPTIONS":
            return Reply(HTTPStatus.OK, {}, b"")
        headers = {name.lower(): value for name, value in self._headers.get_all()}
        request = Request(self._line.method, self._line.path, headers, b"".join(self._parts))
        return await self._server.answer(request)
