"""TensorBoard as it is served, asked for what its pages ask."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import socketserver
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode

from waiting import wait_until

from kit.tensorboard import folders
from kit.tensorboard.board import Board

PLUGINS, LISTING = "/data/plugin/", "/data/plugins_listing"
_SECONDS = 60.0


class Served:
    """A TensorBoard that runs."""

    def __init__(self, address: str) -> None:
        self.socket = str(folders.folder_of(address.split("/")[-2]) / folders.SOCKET)

    def ask(self, path: str, body: Any = None, **query: Any) -> bytes:
        """Return the answer of a plugin; with a body it is posted."""
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(self.socket)
        address = f"{'' if path.startswith('/') else PLUGINS}{path}?{urlencode(query)}"
        text = None if body is None else json.dumps(body)
        connection.request("GET" if body is None else "POST", address, text)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        assert answer.status == 200, content
        return content

    def json(self, path: str, body: Any = None, **query: Any) -> Any:
        return json.loads(self.ask(path, body, **query))

    def wait_for(self, path: str, run: str) -> Mapping[str, Any]:
        """Return what a plugin knows of a run; TensorBoard reads files after it has begun to answer."""
        wait_until(lambda: run in self.json(path), _SECONDS, lambda: f"{path} knows only {self.json(path)}")
        found: Mapping[str, Any] = self.json(path)[run]
        return found

    def wait_until_active(self, plugin: str) -> None:
        """Return when a plugin has a page: PROJECTOR looks for something to show once it was asked."""
        wait_until(
            lambda: self.json(LISTING)[plugin]["enabled"], _SECONDS, lambda: f"{plugin} has nothing to show"
        )


@contextmanager
def served(folders: Mapping[str, Path]) -> Iterator[Served]:
    """Serve folders by their names."""
    with (
        tempfile.TemporaryDirectory(prefix="kit.", dir="/tmp") as short,  # a socket's path is short
        patch("tempfile.tempdir", short),
        patch.dict("os.environ", {"TMPDIR": short}),
    ):
        board = Board(folders)
        try:
            yield Served(board.start())
        finally:
            board.stop()


@contextmanager
def reachable(board: Served) -> Iterator[str]:
    """Let a browser reach a TensorBoard, which has no port; gives the address on localhost."""

    class Forward(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.socket(socket.AF_UNIX) as inside:
                inside.connect(board.socket)
                back = threading.Thread(target=_pass_on, args=(inside, self.request))
                back.start()
                _pass_on(self.request, inside)
                back.join()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Forward) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):  # one of them has gone
        while data := source.recv(65_536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
