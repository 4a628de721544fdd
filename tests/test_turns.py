"""Tests in several processes: one that is alone has nobody beside it, and does not wait for ever."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from turns import SHARED, in_order

FEW = """
import os
import time
from pathlib import Path

import pytest

HERE = Path(__file__).parent / "running"
MET = Path(__file__).parent / "met"


@pytest.mark.parametrize("turn", range(20))
@pytest.mark.parametrize("name", [pytest.param("alone", marks=pytest.mark.alone), "with others"])
def test_it(name, turn):
    mine = HERE / str(os.getpid())
    mine.touch()
    # One that may have company waits a moment for it, because tests this short seldom meet by chance.
    until = time.monotonic() + 0.5
    while name != "alone" and not MET.exists() and time.monotonic() < until:
        if len(list(HERE.iterdir())) > 1:
            MET.touch()
        time.sleep(0.001)
    with (HERE.parent / "seen").open("a") as seen:
        seen.write(f"{name},{len(list(HERE.iterdir()))}\\n")
    for _ in range(20000):
        pass
    mine.unlink()
"""


def test_a_test_that_is_alone_has_no_other_beside_it(tmp_path: Path) -> None:
    (tmp_path / "running").mkdir()
    # Copies, because this test has a turn of its own in this folder.
    for name in ("conftest.py", "turns.py", "commands.py"):
        shutil.copy(Path(__file__).parent / name, tmp_path)
    (tmp_path / "test_few.py").write_text(FEW, "utf-8")
    made = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "3", "-p", "no:cacheprovider", "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout
    seen = [line.split(",") for line in (tmp_path / "seen").read_text("utf-8").splitlines()]
    assert {int(number) for name, number in seen if name == "alone"} == {1}
    assert (tmp_path / "met").exists()


def test_long_files_begin_then_who_shares_something_and_those_with_a_test_that_is_alone_end_the_run() -> None:
    slow, alone, long = pytest.mark.slow, pytest.mark.alone, pytest.mark.timeout(1500)
    files: dict[str, list[list[pytest.MarkDecorator]]] = {
        "a": [[alone, slow], []],
        "b": [[]],
        "c": [[slow], [slow]],
        "d": [[slow]],
        "e": [[long]],
        "f": [[], []],
        "g": [[]],
    }
    items: list[Any] = [
        item(f"{file}{number}", marks) for file in files for number, marks in enumerate(files[file])
    ]
    items[-1].fixturenames.append(SHARED)
    names = [one.name for one in in_order(items)]
    assert names == ["e0", "g0", "c0", "c1", "d0", "b0", "f0", "f1", "a0", "a1"]


def item(name: str, marks: list[pytest.MarkDecorator]) -> SimpleNamespace:
    found = {mark.name: mark.mark for mark in marks}
    return SimpleNamespace(
        name=name, path=Path(name[0]), get_closest_marker=found.get, fixturenames=["tmp_path"]
    )
