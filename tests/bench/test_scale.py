"""The chain is measured with all its processes, and compared by the row."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from kit import warm
from kit.bench import scale
from kit.bench.generated import Size

SIZES = (Size(10, 50, 50), Size(100, 50, 50), Size(1000, 50, 50))


def test_sizes_are_compared_by_the_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    took = {70: (30.0, 900.0), 700: (60.0, 1_000.0), 7_000: (660.0, 7_000.0)}
    monkeypatch.setattr(scale, "_run", lambda size, _: took[size.rows])
    figures = list(scale.scale(tmp_path, SIZES))
    assert [(figure.value, figure.ok) for figure in figures] == [
        (30.0, True),
        (900.0, True),
        (60.0, True),
        (1_000.0, True),
        (660.0, True),
        (7_000.0, False),
        (pytest.approx(1.1), False),
        (pytest.approx(0.7), True),
    ]


def test_the_chain_reads_the_generated_rows_and_its_warm_process_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []
    stopped: list[str] = []

    def run_timed(command: list[str], environ: dict[str, str]) -> float:
        commands.append(command)
        assert environ[scale._MARK] == str(tmp_path / "70" / "warm")
        return 3.0

    def stop(environ: dict[str, str]) -> None:
        stopped.append(environ[scale._MARK])

    monkeypatch.setattr(scale, "run_timed", run_timed)
    monkeypatch.setattr(warm, "stop", stop)
    seconds, _ = scale._run(SIZES[0], tmp_path / "70")
    assert seconds == 3.0
    [command] = commands
    project = Path(command[command.index("-P") + 1])
    assert "rows_70" in (project / "project.yml").read_text()
    assert len(list((tmp_path / "70" / "generated" / "impressions").glob("span-*/*.csv"))) == 7
    assert stopped == [str(tmp_path / "70" / "warm")]


def test_all_processes_that_are_marked_are_found(tmp_path: Path) -> None:
    sleeping = [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)"]
    marks = (str(tmp_path / "ours"), str(tmp_path / "others"))
    started = [
        subprocess.Popen(sleeping, env={**os.environ, scale._MARK: mark}, stdout=subprocess.PIPE)
        for mark in marks
    ]
    try:
        for process in started:
            assert process.stdout
            process.stdout.readline()  # it runs its own program, and not yet or still that of this process
        assert scale._marked(marks[0]) == [started[0].pid]
    finally:
        for process in started:
            process.kill()
            process.communicate()


def test_what_is_watched_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = threading.Event()

    def marked(mark: str) -> list[int]:
        assert mark == str(tmp_path)
        looked.set()
        return [os.getpid()]

    monkeypatch.setattr(scale, "_EVERY_SECONDS", 0.01)
    monkeypatch.setattr(scale, "_marked", marked)
    with scale._watching(str(tmp_path)) as memory:
        assert looked.wait(60)
    assert memory.peak_mb > 10
