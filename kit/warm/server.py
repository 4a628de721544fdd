"""The warm process: makes the slow imports, runs no TensorFlow op, and forks children on request.

One thread, one selector, no blocking call after the imports. It ends after a long idle time, when the environment that
it imported has changed, or when it is told to. Its children end with it.
"""

from __future__ import annotations

import gc
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from kit.warm import log
from kit.warm.own import OwnModules
from kit.warm.preload import chosen_modules, import_all, tensorflow_has_run
from kit.warm.protocol import ChildRequest, Frame, FrameReader, encode, other_end, receive_with_descriptors
from kit.warm.spawn import Child, Spawn, signal_group

_LOOK_SECONDS = 30.0  # how often to look whether to end
_FIRST_CLIENT_SECONDS = 30.0  # until whoever has started it is connected


@dataclass
class _Client:
    """A connection; it owns at most one child."""

    sock: socket.socket
    reader: FrameReader = field(default_factory=FrameReader)
    descriptors: list[int] = field(default_factory=list)
    outbox: bytearray = field(default_factory=bytearray)
    request: ChildRequest | None = None
    child: Child | None = None
    kind: str = ""


class Server:
    """Serves children to the clients of a listening socket, or to one client that is connected already.

    Args:
        spawn: makes a child.
        listener: a listening Unix socket, or None.
        idle_seconds: how long to stay without children and clients; 0 for ending with the last client.
        outdated: returns whether a new warm process would differ from this one.
    """

    def __init__(
        self, spawn: Spawn, listener: socket.socket | None, idle_seconds: float, outdated: Callable[[], bool]
    ) -> None:
        self._spawn, self._listener, self._idle_seconds, self._outdated = (
            spawn,
            listener,
            idle_seconds,
            outdated,
        )
        self._clients: list[_Client] = []
        self._orphans: list[Child] = []  # killed, not yet gone, with no client to inform
        self._ready, self._has_own, self._stopping = False, False, False
        self._import_seconds: dict[str, float] = {}
        self._last_busy = time.monotonic()
        self._had_client = False
        self._selector = selectors.DefaultSelector()
        self._lifeline, self._lifeline_end = os.pipe()  # nobody writes: it closes when this process dies
        self._wakeup, self._wakeup_end = socket.socketpair()
        self._listen_to_signals()
        if listener is not None:
            listener.setblocking(False)
            self._selector.register(listener, selectors.EVENT_READ, lambda _events: self._accept(listener))

    def _listen_to_signals(self) -> None:
        self._wakeup.setblocking(False)
        self._wakeup_end.setblocking(False)
        signal.set_wakeup_fd(self._wakeup_end.fileno(), warn_on_full_buffer=False)
        # Without a handler nothing is written to the wake-up descriptor.
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: self.stop())
        for signum in (signal.SIGINT, signal.SIGHUP):
            signal.signal(signum, signal.SIG_IGN)
        self._selector.register(self._wakeup, selectors.EVENT_READ, self._drain_wakeup)

    def add_client(self, sock: socket.socket) -> None:
        """Serve this connected socket."""
        sock.setblocking(False)
        client = _Client(sock)
        self._had_client = True
        self._clients.append(client)
        self._selector.register(sock, selectors.EVENT_READ, lambda events: self._talk(client, events))

    def warm_up(self) -> None:
        """Import the modules; between two of them the clients that wait hear about it."""
        self._import_seconds = import_all(chosen_modules(), self._announce)

    def stop(self) -> None:
        """Leave the loop at the next opportunity."""
        self._stopping = True

    def run(self, own: OwnModules | None = None) -> None:
        """Serve until there is a reason to end.

        Args:
            own: modules to import too. Whoever waits for a child already does not wait for these.
        """
        self._ready = True
        for client in self._clients[:]:
            self._start_child(client)
        if own is not None:
            own.load(lambda: self._turn(0))
            gc.freeze()
            self._has_own = True
        while not self._finished():
            self._turn(min(_LOOK_SECONDS, self._idle_seconds or _LOOK_SECONDS))

    def _finished(self) -> bool:
        if self._clients or self._orphans:
            self._last_busy = time.monotonic()
            return self._stopping
        most = self._idle_seconds if self._had_client else max(self._idle_seconds, _FIRST_CLIENT_SECONDS)
        idle = time.monotonic() - self._last_busy >= most
        return self._stopping or idle or self._outdated()

    def _turn(self, timeout_seconds: float) -> None:
        for key, events in self._selector.select(timeout_seconds):
            key.data(events)
        self._reap()

    def _drain_wakeup(self, _events: int) -> None:
        with suppress(BlockingIOError):
            self._wakeup.recv(4096)

    def _accept(self, listener: socket.socket) -> None:
        with suppress(BlockingIOError):
            sock, _ = listener.accept()
            if other_end(sock).uid == os.getuid():
                self.add_client(sock)
            else:
                sock.close()

    def _announce(self, text: str) -> None:
        self._turn(0)
        log.write(text)
        for client in self._clients[:]:
            if client.request:
                self._send(client, event="warming", text=text)

    def _talk(self, client: _Client, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            self._flush(client)
        if not events & selectors.EVENT_READ or client not in self._clients:
            return
        try:
            data, descriptors = receive_with_descriptors(client.sock)
        except BlockingIOError:
            return
        except OSError:
            data, descriptors = b"", []
        client.descriptors += descriptors
        if not data:
            self._drop(client)
            return
        for frame in client.reader.feed(data):
            self._obey(client, frame)

    def _obey(self, client: _Client, frame: Frame) -> None:
        request = frame.header
        match request["op"]:
            case "start":
                client.request = ChildRequest(**request["child"])
                self._start_child(client)
            case "signal" if client.child:
                signal_group(client.child.pid, request["signum"])
            case "status":
                self._send(client, event="status", **self._status())
            case "stop":
                self.stop()

    def _status(self) -> dict[str, Any]:
        children = [client.child.pid for client in self._clients if client.child]
        return {
            "pid": os.getpid(),
            "ready": self._ready,
            "has_own_modules": self._has_own,
            "children": children,
            "import_seconds": self._import_seconds,
            "tensorflow_has_run": tensorflow_has_run(),
        }

    def _start_child(self, client: _Client) -> None:
        if not self._ready or client.request is None or client.child:
            return
        request, client.request = client.request, None
        client.kind = request.kind
        if tensorflow_has_run():
            self._send(
                client, event="refused", reason="an import ran a TensorFlow op, so that forks would hang"
            )
            return
        try:
            client.child = self._spawn(request, client.descriptors, self._lifeline, self._not_for(client))
        except OSError as error:
            self._send(client, event="refused", reason=f"no process could be made: {error}")
        else:
            log.write(f"child {client.child.pid}: {request.kind} {request.target}")
            self._send(client, event="started", pid=client.child.pid)
        finally:
            _close_all(client.descriptors)

    def _not_for(self, client: _Client) -> list[int]:
        """Return the descriptors that this client's child must not keep: it would hold ended connections open."""
        others = [number for other in self._clients if other is not client for number in other.descriptors]
        sockets = [self._wakeup, self._wakeup_end, *(client.sock for client in self._clients)]
        if self._listener is not None:
            sockets.append(self._listener)
        if hasattr(self._selector, "fileno"):  # epoll and kqueue have one, poll and select have not
            others.append(self._selector.fileno())
        return [self._lifeline_end, *others, *(sock.fileno() for sock in sockets)]

    def _reap(self) -> None:
        self._orphans = [child for child in self._orphans if child.poll() is None]
        for client in self._clients[:]:
            if client.child and (returncode := client.child.poll()) is not None:
                if client.kind == "call":  # a kernel's background processes outlive it, as with ipykernel
                    signal_group(client.child.pid, signal.SIGKILL)
                client.child = None
                self._send(client, event="exited", returncode=returncode)

    def _send(self, client: _Client, **header: Any) -> None:
        client.outbox += encode(header)
        self._flush(client)

    def _flush(self, client: _Client) -> None:
        try:
            sent = client.sock.send(client.outbox)
            del client.outbox[:sent]
        except BlockingIOError:
            pass
        except OSError:
            self._drop(client)
            return
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.outbox else 0)
        key = self._selector.get_key(client.sock)
        self._selector.modify(client.sock, events, key.data)

    def _drop(self, client: _Client) -> None:
        """Forget a client; a child that it still has dies with all its process group."""
        self._clients.remove(client)
        self._selector.unregister(client.sock)
        client.sock.close()
        _close_all(client.descriptors)
        if client.child:
            signal_group(client.child.pid, signal.SIGKILL)
            self._orphans.append(client.child)

    def close(self) -> None:
        """End all children, then the connections: a closed connection tells a client that its child has ended."""
        for client in [client for client in self._clients if client.child]:
            self._drop(client)
        while self._orphans:
            self._turn(0.05)
        for client in self._clients[:]:
            self._drop(client)
        self._selector.close()
        for sock in (self._wakeup, self._wakeup_end):
            sock.close()


def _close_all(descriptors: list[int]) -> None:
    while descriptors:
        os.close(descriptors.pop())
