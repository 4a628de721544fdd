"""The child's side of a call: find the function, run it, send back progress and the outcome."""

from __future__ import annotations

import importlib
import io
import pickle
import select
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any, cast

from kit.warm.protocol import CHUNK_BYTES, FrameReader, encode

_GRAPH_FAILED = "Graph execution error:"
Report = Callable[[str], None]
Function = Callable[[bytes, Report], bytes]
"""What can be called: takes the payload and a way to report a line of progress, returns its result."""


def run_call(target: str, descriptor: int) -> int:
    """Run the function and send its outcome over the socket; return the exit code, 1 when it raised."""
    for stream in (sys.stdout, sys.stderr):
        cast("io.TextIOWrapper", stream).reconfigure(line_buffering=True)  # the log is complete after a kill
    channel = socket.socket(fileno=descriptor)
    channel.setblocking(True)
    lock = threading.Lock()

    def report(text: str) -> None:
        with lock:
            # A caller that does not read must not stop the step: progress that finds no room is dropped.
            if select.select([], [channel], [], 0)[1]:
                channel.sendall(encode({"event": "report", "text": text}))

    try:
        payload = _receive_payload(channel)
        result = _function(target)(payload, report)
        answer = encode({"event": "returned"}, bytes(result))
        code = 0
    except BaseException as error:  # noqa: BLE001  whatever it is, the caller is the one to handle it
        raised = {"event": "raised", "traceback": traceback.format_exc(), "error": in_a_line(error)}
        answer = encode(raised, _pickled(error))
        code = 1
    with lock:
        channel.sendall(answer)
    return code


def _receive_payload(channel: socket.socket) -> bytes:
    reader = FrameReader()
    while data := channel.recv(CHUNK_BYTES):
        for frame in reader.feed(data):
            return frame.body
    raise ConnectionError("the caller ended before it had sent the payload")


def _function(target: str) -> Function:
    module, _, name = target.partition(":")
    return cast("Function", getattr(importlib.import_module(module), name))


def in_a_line(error: BaseException) -> str:
    """Return the class and the reason of an error, since the texts of TensorFlow's errors go on for pages.

    Where a graph failed, the reason is in the line before that of the node; the first line has none.
    """
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    first, *others = str(error).strip().splitlines() or [""]
    if first.endswith(_GRAPH_FAILED):
        node = next((place for place, line in enumerate(others) if line.strip().startswith("[[{{node")), 0)
        first = f"{first} {others[node - 1].strip()}" if node else first
    return f"{name}: {first}" if first else name


def _pickled(error: BaseException) -> bytes:
    """Return the pickled error, or nothing when it would not survive the trip."""
    try:
        data = pickle.dumps(error)
        copy: Any = pickle.loads(data)  # noqa: S301  our own bytes
    except Exception:  # noqa: BLE001  an exception class can raise anything here
        return b""
    return data if type(copy) is type(error) else b""
