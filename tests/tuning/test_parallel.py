from __future__ import annotations

from types import SimpleNamespace

import psutil
import pytest

from kit.tuning import parallel


@pytest.mark.parametrize(
    ("asked", "cores", "gigabytes", "expected"),
    [(0, 8, 100, 8), (0, 8, 4, 2), (0, 8, 0.5, 1), (0, 1, 100, 1), (5, 2, 1, 5)],
    ids=["cores", "memory", "little memory", "one core", "asked for"],
)
def test_trials_at_a_time(
    monkeypatch: pytest.MonkeyPatch, asked: int, cores: int, gigabytes: float, expected: int
) -> None:
    monkeypatch.setattr(parallel, "cores", lambda: cores)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=gigabytes * 1e9))
    assert parallel.room_for_trials(asked) == expected
