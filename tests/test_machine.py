"""What this machine lets a process have, with and without Linux's ways to tell."""

from __future__ import annotations

import os

import pytest

from kit.machine import cores


def test_only_the_cores_that_this_process_may_use_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {1, 3, 4}, raising=False)
    assert cores() == 3


@pytest.mark.parametrize(("counted", "told"), [(8, 8), (None, 1)])
def test_all_count_where_the_system_tells_no_more(
    monkeypatch: pytest.MonkeyPatch, counted: int | None, told: int
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: counted)
    assert cores() == told
