"""A client's connection to the warm process, or to the parent of one call."""

from __future__ import annotations

import socket
import time
from collections import deque
from collections.abc import Sequence
from multiprocessing.connection import wait  # unlike select.select, at home with descriptors above 1023

from kit.warm.protocol import CHUNK_BYTES, FrameReader, Header, encode, send_with_descriptors


class Link:
    """One connection to a parent of children.

    Args:
        sock: the connected socket.
        pid: the id of the warm process; 0: not known, or the parent of one call.
    """

    def __init__(self, sock: socket.socket, pid: int = 0) -> None:
        self._sock, self._reader = sock, FrameReader()
        self._received: deque[Header] = deque()
        self.pid = pid

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._sock.fileno()

    def send(self, header: Header, descriptors: Sequence[int] = ()) -> None:
        """Send a request."""
        send_with_descriptors(self._sock, encode(header), descriptors)

    def receive(self, timeout_seconds: float | None) -> Header | None:
        """Return the next answer, or None when none came in time.

        Raises:
            ConnectionError: when the parent has ended.
        """
        deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        while not self._received:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not wait([self._sock], left):
                return None
            data = self._sock.recv(CHUNK_BYTES)
            if not data:
                raise ConnectionResetError("the warm process closed the connection")
            self._received += [frame.header for frame in self._reader.feed(data)]
        return self._received.popleft()

    def close(self) -> None:
        """End the connection, and with it the child."""
        self._sock.close()
