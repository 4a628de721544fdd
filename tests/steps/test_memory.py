"""The memory of a process, on Linux and where the system tells less."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from kit.steps import memory
from kit.steps.memory import MemoryTogether, PeakMemory, memory_mb

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


@pytest.mark.parametrize(("cost_seconds", "looks"), [(0.0, 5), (0.015, 3), (0.1, 1)])
def test_the_more_a_look_costs_the_fewer_there_are(
    monkeypatch: pytest.MonkeyPatch, cost_seconds: float, looks: int
) -> None:
    """Two seconds, with an occasion every 0.1 s."""
    seen: list[int] = []

    def look(pid: int) -> float:
        seen.append(pid)
        return float(pid)

    tick = iter(range(21))
    now = SimpleNamespace(monotonic=lambda: next(tick) / 10, thread_time=lambda: len(seen) * cost_seconds)
    monkeypatch.setattr(memory, "time", now)
    monkeypatch.setattr(memory, "memory_mb", look)
    peak = PeakMemory()
    for _ in range(20):
        peak.look_at(7)
    assert len(seen) == looks
    assert peak.peak_mb == 7


def test_of_several_what_they_took_at_a_time_is_kept_and_not_what_they_took_in_turn() -> None:
    together = MemoryTogether()
    together.saw("one", 300)
    together.saw("other", 200)
    together.saw("one", 100)
    assert together.peak_mb == 500
    together.ended("one")
    together.saw("other", 450)
    assert together.peak_mb == 500
    together.saw("other", 600)
    assert together.peak_mb == 600
