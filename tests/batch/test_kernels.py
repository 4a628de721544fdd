"""Kernels start ahead of their notebooks, and none of them is left behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psutil
import pytest
from processes import is_alive
from waiting import wait_until

from kit.batch.kernels import Kernel, Kernels
from kit.batch.watch import StoppedError, Watch
from kit.errors import ExitCode
from kit.steps.monitor import RUN_FOLDER_VARIABLE

WATCH = Watch(Path("steps.jsonl"), lambda _: None)


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    found = [tmp_path / "first", tmp_path / "second"]
    for folder in found:
        folder.mkdir()
    return found


@pytest.fixture
def kernels(tmp_path: Path) -> Kernels:
    return Kernels("python3", tmp_path, tmp_path / "log.txt")


def _asked(kernels: Kernels, kernel: Kernel, code: str) -> str:
    said: list[str] = []

    def hear(message: dict[str, Any]) -> None:
        said.append(message["content"].get("text", ""))

    kernels._loop.run_until_complete(kernel.client.execute_interactive(code, output_hook=hear, timeout=60))
    return "".join(said)


def _prepared(kernels: Kernels) -> Kernel:
    """Wait for the next kernel without taking it."""
    assert kernels._next is not None
    return kernels._loop.run_until_complete(kernels._next[0])


def test_each_kernel_works_in_its_folder_while_the_next_one_starts(
    kernels: Kernels, folders: list[Path], tmp_path: Path
) -> None:
    code = f"import os; print(os.getcwd(), os.environ[{RUN_FOLDER_VARIABLE!r}])"
    with kernels:
        first = kernels.take(WATCH, folders[0])
        kernels.prepare(folders[1])
        assert _asked(kernels, first, code) == f"{folders[0]} {tmp_path}\n"
        ahead = _prepared(kernels)
        kernels.give_back(first)
        second = kernels.take(WATCH, folders[1])
        assert second is ahead
        assert _asked(kernels, second, code) == f"{folders[1]} {tmp_path}\n"
        kernels.give_back(second)
    assert first.pid
    assert second.pid
    assert not is_alive(first.pid)
    assert not is_alive(second.pid)


def test_a_kernel_that_nobody_took_is_ended(kernels: Kernels, tmp_path: Path) -> None:
    with kernels:
        kernels.prepare(tmp_path)
        kernel = _prepared(kernels)
    assert kernel.pid
    assert not is_alive(kernel.pid)


def test_a_kernel_that_is_starting_is_ended(kernels: Kernels, tmp_path: Path) -> None:
    before = psutil.Process().children()
    with kernels:
        kernels.prepare(tmp_path)
        kernels.meanwhile(lambda: wait_until(lambda: psutil.Process().children() != before))
        [kernel] = set(psutil.Process().children()) - set(before)
    assert not kernel.is_running()


def test_a_stop_does_not_wait_for_the_start(kernels: Kernels, tmp_path: Path) -> None:
    watch = Watch(tmp_path / "steps.jsonl", lambda _: None)
    watch.interrupt()
    before = psutil.Process().children()
    with kernels, pytest.raises(StoppedError):
        kernels.take(watch, tmp_path)
    assert watch.reason is ExitCode.INTERRUPTED
    assert psutil.Process().children() == before


def test_a_kernel_that_died_while_it_waited_is_replaced(kernels: Kernels, folders: list[Path]) -> None:
    with kernels:
        kernels.prepare(folders[0])
        dead = _prepared(kernels)
        assert dead.pid
        psutil.Process(dead.pid).kill()
        provisioner: Any = dead.manager.provisioner
        wait_until(lambda: provisioner.process.poll() is not None)
        kernel = kernels.take(WATCH, folders[0])
        assert kernel.pid != dead.pid
        assert _asked(kernels, kernel, "import os; print(os.getcwd())") == f"{folders[0]}\n"
        kernels.give_back(kernel)


def test_a_kernel_without_its_head_start_is_said_among_the_lines_of_progress(
    tmp_path: Path, folders: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    open_to_all = tmp_path / "warm"
    open_to_all.mkdir(mode=0o755)
    monkeypatch.setenv("KIT_WARM_DIR", str(open_to_all))
    with Kernels("kit", tmp_path, tmp_path / "log.txt", said.append) as kernels:
        kernels.give_back(kernels.take(WATCH, folders[0]))
    [line] = said
    assert str(open_to_all) in line
    assert "mode 700" in line
