from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from batch.conftest import WriteNotebook, write_notebook

from kit.sweep.begin import SweepOptions, begin_sweep, plan_sweep
from kit.sweep.records import SweepFolder

__all__ = ["FIT", "Begin", "WriteNotebook", "write_notebook"]

Begin = Callable[..., SweepFolder]

# A chain of one notebook; it waits for a file where it is told to.
FIT = (
    'rate: float = 0.1  # 0 to 1\nsize: int = 1  # 1 to 9\nwait_for: str = ""',
    "import time\nfrom pathlib import Path\nfrom kit.record import record",
    "while wait_for and not Path(wait_for).exists():\n    time.sleep(0.05)",
    'record("loss", (rate - 0.3) ** 2 + size)',
)


@pytest.fixture
def begin(tmp_path: Path) -> Begin:
    """Begin a sweep of a file with some lines, in the workspace `ws`."""

    def begin_one(lines: str, name: str = "", **options: object) -> SweepFolder:
        file = tmp_path / "fit.yml"
        file.write_text(lines)
        chosen = SweepOptions(kernel_name="python3", **options)  # type: ignore[arg-type]
        return begin_sweep(plan_sweep(file, tmp_path / "ws", name, chosen))

    return begin_one


def attempts_of(folder: SweepFolder) -> list[psutil.Process]:
    """Return the processes that run points of a sweep."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if {"kit.sweep.attempt", str(folder.path)} <= set(process.info["cmdline"] or ())
    ]
