"""What is known about a step while it runs and when it has ended, and a plain line of text that shows it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

from kit.steps.memory import MemoryTogether, PeakMemory

RUN_FOLDER_VARIABLE = "KIT_RUN_FOLDER"
STEPS_FILE = "steps.jsonl"
KERNEL_VARIABLE = "KIT_KERNEL"
"""Distinguishes the kernels of a run, whose steps are all recorded in one file."""

# Seconds until a batch is told that a step is still running; each wait is twice the one before, up to the second one.
_TOLD_AFTER, _TOLD_AT_LEAST = 30.0, 300.0
_TAIL_LINES, _TAIL_LETTERS, _TAIL_BYTES = 20, 200, 65_536  # kept of the log


@dataclass(frozen=True)
class StepRecord:
    """How one step ended: `done`, `cached`, `failed` or `interrupted`, after how many seconds.

    Attributes:
        peak_memory_mb: the most memory that its process took; 0: not known.
        together_mb: the most memory that it and the steps beside it took at a time, until it ended.
    """

    step: str
    state: str
    seconds: float
    log: str
    peak_memory_mb: float = 0.0
    together_mb: float = 0.0

    def __str__(self) -> str:
        said = {"done": "done in", "cached": "unchanged, taken from the cache in"}.get(
            self.state, f"{self.state} after"
        )
        return f"{self.step}: {said} {self.seconds:.1f} s"


@dataclass(frozen=True)
class Made:
    """One artifact that a step made or took from the cache."""

    name: str
    type: str
    folder: str


@dataclass(frozen=True)
class StepNow:
    """What is known about a step at one moment.

    Attributes:
        step: the component's id.
        state: `begun`, `waiting` (for the workspace), `running`, `done`, `cached`, `failed` or `interrupted`.
        seconds: since it began.
        said: the executor's line of progress, or whom the step waits for.
        differences: why its results were not in the cache; empty if they were, or while it is not known.
        made: the artifacts, once it has ended well.
        log: the file that the executor's output is appended to.
        last_lines: the end of that output, once the step has ended.
        chain: the progress of each component of the chain in this workspace: `done` or `to do`; for this one its state.
    """

    step: str
    state: str = "begun"
    seconds: float = 0.0
    said: str = ""
    differences: tuple[str, ...] = ()
    made: tuple[Made, ...] = ()
    log: str = ""
    last_lines: tuple[str, ...] = ()
    chain: Mapping[str, str] = field(default_factory=dict)


Update: TypeAlias = Callable[[StepNow], None]
Show: TypeAlias = Callable[[StepNow], Update]
"""Called with a step as it begins; returns the function to call with every change."""


class StepMonitor:
    """Follows a step, shows its progress, and tells it and its end to the batch that the notebook may be part of.

    Args:
        step: the component's id.
        log: the file that its output is appended to.
        show: shows the step; by default as a line of text.
        chain: the states of the components.
        why: returns why the results are not in the cache; called when an executor is started.
        together: the memory of the steps that run at the same time; None: it runs alone.
    """

    interval_seconds = 0.5

    def __init__(  # noqa: PLR0913  what it follows, and where it shows that
        self,
        step: str,
        log: Path,
        show: Show | None = None,
        chain: Mapping[str, str] | None = None,
        why: Callable[[], tuple[str, ...]] = tuple,
        *,
        together: MemoryTogether | None = None,
    ) -> None:
        self.step, self.log, self._why = step, log, why
        self.cached = True  # until an executor is started
        self._memory, self._together = PeakMemory(), together or MemoryTogether()
        self._started = time.monotonic()
        self._next_told = self._told_after = _TOLD_AFTER
        self._log_before = log.stat().st_size if log.exists() else 0
        self._now = StepNow(step, log=str(log), chain=_with(chain or {}, step, "begun"))
        self._update = (show or line_of_text)(self._now)

    @property
    def elapsed_seconds(self) -> float:
        return time.monotonic() - self._started

    def executing(self) -> None:
        """Note that the step's results are not in the cache, so that its executor runs."""
        self.cached = False
        self._tell("running", said="", differences=self._why())

    def tick(self, progress: str | None) -> None:
        """Show that the step is alive, with its executor's line of progress, if any."""
        self._tell("running", said=progress or "")
        if self.elapsed_seconds >= self._next_told:
            self._told_after = min(2 * self._told_after, _TOLD_AT_LEAST)
            self._next_told += self._told_after
            self._tell_batch(
                {
                    "step": self.step,
                    "state": "running",
                    "seconds": self.elapsed_seconds,
                    "said": self._now.said,
                }
            )

    def process(self, pid: int) -> None:
        """Measure the memory of the executor's process."""
        self._memory.look_at(pid)
        self._together.saw(self.step, self._memory.now_mb)

    def waiting(self, message: str) -> None:
        self._tell("waiting", said=message)

    def road(self, ended: StepRecord) -> None:
        """Show how a step of the chain ended that was begun at the same time."""
        chain = _with(self._now.chain, ended.step, ended.state)
        if chain != self._now.chain:
            self._now = replace(self._now, chain=chain)
            self._update(self._now)

    def end(self, state: str, made: tuple[Made, ...] = ()) -> StepRecord:
        """Show the step's end; append it to the run's record when the notebook runs in a batch."""
        peak, together = round(self._memory.peak_mb, 1), round(self._together.peak_mb, 1)
        self._together.ended(self.step)
        record = StepRecord(self.step, state, round(self.elapsed_seconds, 2), str(self.log), peak, together)
        self._tell(state, said="", made=made, last_lines=self._last_lines())
        self._tell_batch(asdict(record))
        return record

    @staticmethod
    def _tell_batch(facts: Mapping[str, Any]) -> None:
        if folder := os.environ.get(RUN_FOLDER_VARIABLE):
            with (Path(folder) / STEPS_FILE).open("a") as file:
                file.write(json.dumps({**facts, "kernel": os.environ.get(KERNEL_VARIABLE, "")}) + "\n")

    def _tell(self, state: str, **changes: Any) -> None:
        chain = _with(self._now.chain, self.step, state)
        self._now = replace(self._now, state=state, seconds=self.elapsed_seconds, chain=chain, **changes)
        self._update(self._now)

    def _last_lines(self) -> tuple[str, ...]:
        """Return the last lines that this run of the step has added to the log."""
        if not self.log.exists():
            return ()
        with self.log.open("rb") as file:
            file.seek(max(self._log_before, self.log.stat().st_size - _TAIL_BYTES))
            lines = file.read().decode(errors="replace").splitlines()
        return tuple(line[:_TAIL_LETTERS] for line in lines[-_TAIL_LINES:])


def _with(chain: Mapping[str, str], step: str, state: str) -> Mapping[str, str]:
    return {**chain, step: state} if step in chain else chain


def line_of_text(first: StepNow) -> Update:
    """Show a step as one line that changes while it runs and stays when it is done; needs only IPython."""
    handle = _display(f"{first.step} …")

    def update(now: StepNow) -> None:
        if handle is not None:
            handle.update(_Line(_as_text(now)))

    return update


def _as_text(now: StepNow) -> str:
    if now.state == "waiting":
        return f"{now.step}: {now.said}"
    if now.state == "running":
        return f"{now.step}: running for {now.seconds:.0f} s{f', {now.said}' if now.said else ''}"
    return str(StepRecord(now.step, now.state, round(now.seconds, 2), now.log))


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
