"""What this machine lets a process have, with and without Linux's ways to tell."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from kit import machine
from kit.machine import cores, free_memory_bytes, memory_bytes


def test_only_the_cores_that_this_process_may_use_count(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {1, 3, 4}, raising=False)
    _container(monkeypatch, tmp_path, {})
    assert cores() == 3


@pytest.mark.parametrize(("counted", "told"), [(8, 8), (None, 1)])
def test_all_count_where_the_system_tells_no_more(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, counted: int | None, told: int
) -> None:
    _container(monkeypatch, tmp_path, {})
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
    _container(monkeypatch, tmp_path, {name: limit} if name else {})
    assert memory_bytes() == (told or psutil.virtual_memory().total)


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"cpu.max": "150000 100000"}, 2),
        ({"cpu.max": "50000 100000"}, 1),
        ({"cpu.max": "max 100000"}, 6),
        ({"cpu.max": "1200000 100000"}, 6),
        ({"cpu/cpu.cfs_quota_us": "200000", "cpu/cpu.cfs_period_us": "100000"}, 2),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 6),
    ],
)
def test_a_container_may_have_a_share_of_the_cores(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, files: dict[str, str], told: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(6)), raising=False)
    _container(monkeypatch, tmp_path, files)
    assert cores() == told


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"memory.max": "1000", "memory.current": "900", "memory.stat": "anon 5\ninactive_file 300"}, 400),
        ({"memory.max": "1000", "memory.current": "1100"}, 0),
        ({"memory.max": "max", "memory.current": "900"}, None),
        ({"memory/memory.limit_in_bytes": "1000", "memory/memory.usage_in_bytes": "900"}, 100),
        ({}, None),
    ],
)
def test_a_container_may_have_less_free_memory_than_its_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, files: dict[str, str], told: int | None
) -> None:
    _container(monkeypatch, tmp_path, files)
    free = psutil.virtual_memory()
    monkeypatch.setattr(psutil, "virtual_memory", lambda: free)
    assert free_memory_bytes() == (free.available if told is None else told)


def _container(monkeypatch: pytest.MonkeyPatch, folder: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(f"{content}\n")
    monkeypatch.setattr(machine, "_CGROUP", folder)
