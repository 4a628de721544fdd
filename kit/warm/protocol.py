"""The wire protocol of warm process, clients and children: a JSON header, raw bytes, file descriptors.

A client has one connection for each child that it asks for, so that the end of the connection is the end of
the child. Requests have an `op`, answers an `event`:

    start(child)      → warming(text)… while modules are imported, started(pid) or refused(reason),
                        exited(returncode)
    signal(signum)      to the process group of the connection's child
    status            → status(…)
    stop                ends the warm process and all its children

A call has a second socket, straight between caller and child, so that the warm process never handles its
data: payload → report(text)…, then returned or raised.
"""

from __future__ import annotations

import json
import os
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

Header = dict[str, Any]
_PREFIX = struct.Struct("!IQ")  # bytes of the header, bytes of the body
_MAX_DESCRIPTORS = 3  # stdout, stderr and the socket of a call
CHUNK_BYTES = 1 << 16


@dataclass(frozen=True)
class ChildRequest:
    """What a new process gets from the one that starts it; its descriptors travel beside it.

    Attributes:
        kind: a Jupyter kernel or a call of one function.
        argv: `sys.argv` of the child.
        environ: all of its environment variables.
        cwd: its working directory.
        umask: its file mode mask.
        cpus: the numbers of the CPUs that it may run on; None: as its parent.
        limits: the soft and the hard limit of each of its resources.
        sys_path: its `sys.path`; None for the one that a new interpreter with this environment would have.
        target: for a call, `package.module:function`.
    """

    kind: Literal["kernel", "call"]
    argv: list[str]
    environ: dict[str, str]
    cwd: str
    umask: int
    cpus: list[int] | None = None
    limits: dict[str, tuple[int, int]] = field(default_factory=dict)
    sys_path: list[str] | None = None
    target: str = ""


@dataclass(frozen=True)
class Frame:
    """One message."""

    header: Header
    body: bytes = b""


def encode(header: Header, body: bytes = b"") -> bytes:
    """Return the bytes of one frame."""
    text = json.dumps(header).encode()
    return _PREFIX.pack(len(text), len(body)) + text + body


class FrameReader:
    """Cuts a stream of bytes into frames, however the bytes arrive."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """Return the frames that these bytes complete."""
        self._buffer += data
        frames = []
        while frame := self._next():
            frames.append(frame)
        return frames

    def _next(self) -> Frame | None:
        if len(self._buffer) < _PREFIX.size:
            return None
        header_size, body_size = _PREFIX.unpack_from(self._buffer)
        body_start = _PREFIX.size + header_size
        end = body_start + body_size
        if len(self._buffer) < end:
            return None
        header = json.loads(self._buffer[_PREFIX.size : body_start])
        body = bytes(self._buffer[body_start:end])
        del self._buffer[:end]
        return Frame(header, body)


def send_with_descriptors(sock: socket.socket, data: bytes, descriptors: Sequence[int]) -> None:
    """Send all the data on a blocking Unix socket, the descriptors with its first byte."""
    sent = socket.send_fds(sock, [data], list(descriptors)) if descriptors else 0
    sock.sendall(data[sent:])


def receive_with_descriptors(sock: socket.socket) -> tuple[bytes, list[int]]:
    """Return what is there to read and the descriptors that came with it; no bytes mean the end."""
    data, descriptors, _, _ = socket.recv_fds(sock, CHUNK_BYTES, _MAX_DESCRIPTORS)
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)  # received descriptors are inheritable, against PEP 446
    return data, descriptors


class OtherEnd(NamedTuple):
    """The process at the other end of a Unix socket: the one that connected, or that listens."""

    pid: int
    uid: int


def other_end(sock: socket.socket) -> OtherEnd:
    """Return whose the other end of a Unix socket is."""
    if not hasattr(socket, "SO_PEERCRED"):
        # Not Linux: the folder of the socket, private to its user, is the only guard.
        return OtherEnd(0, os.getuid())
    credentials = struct.Struct("3i")  # pid, uid, gid
    pid, uid, _ = credentials.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, credentials.size))
    return OtherEnd(pid, uid)
