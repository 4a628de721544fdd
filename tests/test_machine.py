"""What this machine lets a process have, with and without Linux's ways to tell."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from kit import machine
from kit.machine import cores, memory_bytes


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


@pytest.mark.parametrize(
    ("name", "limit", "told"),
    [
        ("memory.max", "2147483648", 2**31),
        ("memory/memory.limit_in_bytes", "2147483648", 2**31),
        ("memory.max", "max", None),
        ("memory/memory.limit_in_bytes", "9223372036854771712", None),
        ("", "", None),
    ],
    ids=["second version", "first version", "no limit", "no limit in the first", "no container"],
)
def test_a_container_may_have_less_memory_than_its_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, limit: str, told: int | None
) -> None:
    if name:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"{limit}\n")
    monkeypatch.setattr(machine, "_CGROUP", tmp_path)
    assert memory_bytes() == (told or psutil.virtual_memory().total)
