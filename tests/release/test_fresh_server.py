"""What a fresh server's process held, on Linux and where the system tells less."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kit.release import fresh_server
from kit.release.fresh_server import FreshServer

GONE = 2**22 + 1  # more than any process id that Linux gives


@pytest.mark.parametrize("proc", ["/proc", "/nowhere"], ids=["with /proc", "without"])
def test_the_memory_of_a_process(monkeypatch: pytest.MonkeyPatch, proc: str) -> None:
    monkeypatch.setattr(fresh_server, "_PROC", Path(proc))
    held = [FreshServer("m", None, 0, None, pid).peak_memory_mb() for pid in (os.getpid(), GONE)]
    assert held[0] is not None
    assert 10 < held[0] < 100_000
    assert held[1] is None
