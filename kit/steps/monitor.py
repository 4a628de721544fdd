"""What a person sees of a step: one line that moves while it runs and stays when it is done."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

RUN_FOLDER_VARIABLE = "KIT_RUN_FOLDER"
STEPS_FILE = "steps.jsonl"


@dataclass(frozen=True)
class StepRecord:
    """How one step ended: `done`, `cached`, `failed` or `interrupted`, after how many seconds."""

    step: str
    state: str
    seconds: float
    log: str

    def __str__(self) -> str:
        said = {"done": "done in", "cached": "unchanged, taken from the cache in"}.get(
            self.state, f"{self.state} after"
        )
        return f"{self.step}: {said} {self.seconds:.1f} s"


class StepMonitor:
    """Shows a step in the notebook, and records its end for the batch that the notebook may be part of."""

    interval_seconds = 0.5

    def __init__(self, step: str, log: Path) -> None:
        self.step, self.log = step, log
        self.cached = True  # until an executor is started
        self._started = time.monotonic()
        self._handle = _display(f"{step} …")

    @property
    def elapsed_seconds(self) -> float:
        return time.monotonic() - self._started

    def executing(self) -> None:
        """The step is not in the cache."""
        self.cached = False

    def tick(self, progress: str | None) -> None:
        """Show that the step is alive, and what its executor says of itself."""
        said = f", {progress}" if progress else ""
        self._show(f"{self.step}: running for {self.elapsed_seconds:.0f} s{said}")

    def waiting(self, message: str) -> None:
        self._show(f"{self.step}: {message}")

    def end(self, state: str) -> StepRecord:
        """Show the last line; append it to the run's record when the notebook runs in a batch."""
        record = StepRecord(self.step, state, round(self.elapsed_seconds, 2), str(self.log))
        self._show(str(record))
        if folder := os.environ.get(RUN_FOLDER_VARIABLE):
            with (Path(folder) / STEPS_FILE).open("a") as file:
                file.write(json.dumps(asdict(record)) + "\n")
        return record

    def _show(self, text: str) -> None:
        if self._handle is None:
            return
        self._handle.update(_Line(text))


class _Line:
    """Plain text without quotes, for every front end."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def _display(text: str) -> Any:
    from IPython import get_ipython  # noqa: PLC0415  the command line needs no IPython
    from IPython.display import display  # noqa: PLC0415

    return display(_Line(text), display_id=True) if get_ipython() else None
