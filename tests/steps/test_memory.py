"""The memory of a process, on Linux and where the system tells less."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kit.steps.memory import memory_mb

GONE = 2**22 + 1  # more than any process id that Linux gives


def test_a_process_that_is_gone_has_none() -> None:
    assert memory_mb(os.getpid()) > 10
    assert memory_mb(GONE) == 0


def test_without_proc_it_is_told_by_psutil(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(self: Path, **_: object) -> str:
        raise FileNotFoundError(self)

    monkeypatch.setattr(Path, "read_text", absent)
    assert 10 < memory_mb(os.getpid()) < 100_000
    assert memory_mb(GONE) == 0
