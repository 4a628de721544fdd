"""TensorBoard as it is served, asked for what its pages ask."""

from __future__ import annotations

import http.client
import json
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode

from kit.tensorboard import places
from kit.tensorboard.board import Board

PLUGINS = "/data/plugin"
_SECONDS = 60.0


class Served:
    """A TensorBoard that runs."""

    def __init__(self, address: str) -> None:
        self._socket = str(places.folder_of(address.split("/")[-2]) / places.SOCKET)

    def ask(self, path: str, body: Any = None, **query: Any) -> bytes:
        """Return the answer of a plugin; with a body it is posted."""
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(self._socket)
        address = f"{PLUGINS}/{path}?{urlencode(query)}"
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
        deadline = time.monotonic() + _SECONDS
        while run not in (known := self.json(path)):
            assert time.monotonic() < deadline, f"{path} knows only {known}"
            time.sleep(0.2)
        found: Mapping[str, Any] = known[run]
        return found


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
