"""Receivers of alerts that tests start: a web server and a mail server, each of which may fail as real ones do."""

from __future__ import annotations

import email
import json
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Inbox:
    """What a receiver got.

    Attributes:
        port: that it listens on.
        answers: status codes of the next requests; without any, all is well.
        headers: of each request or mail that was taken.
        bodies: the same.
        asked: how many requests there were.
        release: what a server that hangs waits for; None: it answers at once.
    """

    port: int = 0
    answers: list[int] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    asked: int = 0
    release: threading.Event | None = None

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body in self.bodies]

    @property
    def mails(self) -> list[Message]:
        return [email.message_from_bytes(body) for body in self.bodies]


@contextmanager
def web_server(port: int = 0) -> Iterator[Inbox]:
    inbox = Inbox()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            inbox.asked += 1
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if inbox.release is not None:
                inbox.release.wait(30)
            status = inbox.answers.pop(0) if inbox.answers else 200
            if status < 300:
                inbox.headers.append(dict(self.headers))
                inbox.bodies.append(body)
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", f"http://127.0.0.1:{inbox.port}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        allow_reuse_address = True
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """A client that no longer waits is what is tested."""

    with _serving(Server(("127.0.0.1", port), Handler), inbox):
        yield inbox


@contextmanager
def mail_server() -> Iterator[Inbox]:
    """Take mail as RFC 5321 has it, in plain text; the next answers are given to RCPT."""
    inbox = Inbox()

    class Handler(socketserver.StreamRequestHandler):
        def say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

        def handle(self) -> None:
            self.say("220 test")
            while line := self.rfile.readline().decode().strip():
                match line.split(":")[0].split()[0].upper():
                    case "EHLO" | "HELO":
                        self.say("250 test")
                    case "RCPT":
                        inbox.asked += 1
                        status = inbox.answers.pop(0) if inbox.answers else 250
                        self.say(f"{status} so be it")
                    case "DATA":
                        self.say("354 go on")
                        self.take()
                    case "QUIT":
                        self.say("221 bye")
                        return
                    case _:
                        self.say("250 fine")

        def take(self) -> None:
            lines = []
            while (line := self.rfile.readline()) != b".\r\n":
                lines.append(line)
            inbox.bodies.append(b"".join(lines))
            self.say("250 taken")

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    with _serving(Server(("127.0.0.1", 0), Handler), inbox):
        yield inbox


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextmanager
def _serving(server: socketserver.TCPServer, inbox: Inbox) -> Iterator[None]:
    inbox.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield
    finally:
        if inbox.release is not None:
            inbox.release.set()
        server.shutdown()
        server.server_close()
        thread.join()
