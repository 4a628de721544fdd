"""What a fresh server's process held, on Linux and where the system tells less."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from kit.errors import InfraCheckError
from kit.release import fresh_server
from kit.release.fresh_server import FreshServer, fresh_server_meanwhile

GONE = 2**22 + 1  # more than any process id that Linux gives


@pytest.mark.parametrize("proc", ["/proc", "/nowhere"], ids=["with /proc", "without"])
def test_the_memory_of_a_process(monkeypatch: pytest.MonkeyPatch, proc: str) -> None:
    monkeypatch.setattr(fresh_server, "_PROC", Path(proc))
    held = [FreshServer("m", None, 0, None, pid).peak_memory_mb() for pid in (os.getpid(), GONE)]
    assert held[0] is not None
    assert 10 < held[0] < 100_000
    assert held[1] is None


class _Answers(BaseHTTPRequestHandler):
    """Answers `classify` with what it was asked, `regress` with no JSON, and anything else with an error."""

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
        method = self.path.removeprefix("/v1/models/m:")
        self.send_response(200 if method in {"classify", "regress"} else 400)
        self.end_headers()
        self.wfile.write({"classify": asked, "regress": "<p>"}.get(method, "no such input").encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_what_a_server_answers_by_rest() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        server = FreshServer("m", f"127.0.0.1:{http.server_port}", 0, None, 1)
        assert server.post("classify", '{"a": [1]}', 10) == {"a": [1]}
        with pytest.raises(OSError, match=r"^400: no such input$"):
            server.post("predict", "{}", 10)
        with pytest.raises(ValueError, match="Expecting value"):
            server.post("regress", "{}", 10)
        http.shutdown()
    with pytest.raises(OSError, match="refused"):
        server.post("classify", "{}", 10)


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let servers start once they are told to; return what becomes of them."""
    seen: list[str] = []

    @contextmanager
    def fake(_package: Path, model: str, _limit_seconds: float) -> Iterator[FreshServer]:
        assert MAY_START.wait(10)
        if model == "bad":
            raise InfraCheckError("it cannot be loaded")
        seen.append("started")
        try:
            yield FreshServer(model, None, 0.0, None, 1)
        finally:
            seen.append("stopped")

    MAY_START.clear()
    monkeypatch.setattr(fresh_server, "fresh_server", fake)
    return seen


MAY_START = threading.Event()


def test_a_server_starts_meanwhile_and_is_gone_afterwards(servers: list[str]) -> None:
    with fresh_server_meanwhile(Path("package"), "good", 1) as started:
        assert not servers
        MAY_START.set()
        assert started().model == "good"
        assert servers == ["started"]
    assert servers == ["started", "stopped"]


def test_a_server_that_is_not_asked_for_any_more_is_stopped_too(servers: list[str]) -> None:
    MAY_START.set()
    with pytest.raises(KeyError), fresh_server_meanwhile(Path("package"), "good", 1):
        raise KeyError
    assert servers == ["started", "stopped"]


def test_whoever_waits_for_a_server_hears_why_there_is_none(servers: list[str]) -> None:
    MAY_START.set()
    with fresh_server_meanwhile(Path("package"), "bad", 1) as started, pytest.raises(InfraCheckError):
        started()
    assert not servers
