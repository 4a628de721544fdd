"""Receivers of alerts that tests start: a web server and a mail server, each of which may fail as real ones do."""

from __future__ import annotations

import base64
import email
import io
import json
import socket
import socketserver
import ssl
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
        drips: it does not hang but sends a letter of its answer from time to time.
    """

    port: int = 0
    answers: list[int] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    asked: int = 0
    release: threading.Event | None = None
    drips: bool = False

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body in self.bodies]

    @property
    def mails(self) -> list[Message]:
        return [email.message_from_bytes(body) for body in self.bodies]


class _Web(BaseHTTPRequestHandler):
    server: _WebServer

    def do_POST(self) -> None:
        inbox = self.server.inbox
        inbox.asked += 1
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if inbox.release is not None:
            self.hang(inbox.release)
        status = inbox.answers.pop(0) if inbox.answers else 200
        if status < 300:
            inbox.headers.append(dict(self.headers))
            inbox.bodies.append(body)
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", f"http://127.0.0.1:{inbox.port}/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def hang(self, release: threading.Event) -> None:
        """Send nothing, or informational answers, of which a client takes any number."""
        for _ in range(150):
            if release.wait(0.2):
                return
            if self.server.inbox.drips:
                self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class _WebServer(ThreadingHTTPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port: int, inbox: Inbox) -> None:
        self.inbox = inbox
        super().__init__(("127.0.0.1", port), _Web)

    def handle_error(self, *_: Any) -> None:
        """A client that no longer waits is what is tested."""


@contextmanager
def web_server(port: int = 0) -> Iterator[Inbox]:
    inbox = Inbox()
    with _serving(_WebServer(port, inbox), inbox):
        yield inbox


@dataclass(frozen=True)
class Login:
    """What a mail server asks for before it takes anything: an encrypted connection, a user and a password."""

    context: ssl.SSLContext
    user: str
    password: str

    def accepts(self, line: str) -> bool:
        """Return whether a line is AUTH PLAIN (RFC 4616) with the right words."""
        words = base64.b64decode(line.rpartition(" ")[2]).decode()
        return words == f"\0{self.user}\0{self.password}"


class _Mail(socketserver.StreamRequestHandler):
    server: _MailServer
    encrypted = False
    known = False

    def handle(self) -> None:
        self.say("220 test")
        while line := self.rfile.readline().decode().strip():
            command = line.split(":")[0].split()[0].lower()
            getattr(self, f"on_{command}", self.on_other)(line)
            if command == "quit":
                return

    def say(self, *lines: str) -> None:
        for line in lines:
            self.wfile.write(f"{line}\r\n".encode())

    def on_ehlo(self, _: str) -> None:
        if self.server.login is None:
            self.say("250 test")
        else:
            self.say("250-test", "250 AUTH PLAIN" if self.encrypted else "250 STARTTLS")

    def on_starttls(self, _: str) -> None:
        assert self.server.login is not None
        self.say("220 go on")
        self.rfile.close()
        try:
            self.request = self.server.login.context.wrap_socket(self.request, server_side=True)
        except OSError:  # the client does not trust this server
            self.rfile = io.BytesIO()
            return
        self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb", buffering=0)
        self.encrypted = True

    def on_auth(self, line: str) -> None:
        login = self.server.login
        self.known = login is not None and self.encrypted and login.accepts(line)
        self.say("235 welcome" if self.known else "535 who are you")

    def on_rcpt(self, _: str) -> None:
        inbox = self.server.inbox
        inbox.asked += 1
        otherwise = 250 if self.known or self.server.login is None else 530
        self.say(f"{inbox.answers.pop(0) if inbox.answers else otherwise} so be it")

    def on_data(self, _: str) -> None:
        self.say("354 go on")
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line)
        self.server.inbox.bodies.append(b"".join(lines))
        self.say("250 taken")

    def on_quit(self, _: str) -> None:
        self.say("221 bye")

    def on_other(self, _: str) -> None:
        self.say("250 fine")

    def finish(self) -> None:
        super().finish()
        self.request.close()


class _MailServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, inbox: Inbox, login: Login | None) -> None:
        self.inbox, self.login = inbox, login
        super().__init__(("127.0.0.1", 0), _Mail)


@contextmanager
def mail_server(login: Login | None = None) -> Iterator[Inbox]:
    """Take mail as RFC 5321 has it; the next answers are given to RCPT."""
    inbox = Inbox()
    with _serving(_MailServer(inbox, login), inbox):
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
