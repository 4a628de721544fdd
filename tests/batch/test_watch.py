"""The thread beside a notebook, when what it is to report cannot be written."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from waiting import wait_until

from kit.batch.watch import Watch
from kit.errors import ExitCode


def test_a_full_disk_stops_the_notebook_and_is_told_at_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unseen: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", unseen.append)
    asked: list[str] = []

    def full(step: dict[str, Any]) -> None:
        asked.append(step["step"])
        raise OSError(28, "No space left on device", "run.json")

    steps = tmp_path / "steps.jsonl"
    watch = Watch(steps, full)
    watch.__enter__()
    steps.write_text(json.dumps({"step": "Trainer", "kernel": ""}) + "\n")
    wait_until(lambda: watch.reason is not None)
    with pytest.raises(OSError, match=r"No space left on device: 'run\.json'"):
        watch.__exit__()
    assert watch.reason is ExitCode.STEP_FAILED
    assert asked == ["Trainer"]
    assert unseen == []
