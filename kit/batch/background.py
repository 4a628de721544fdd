"""A batch that a notebook starts in the background, and that outlives the kernel and the front end."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kit.batch.parameters import SOURCES_VARIABLE
from kit.batch.record import REPORT_FILE, RUN_FILE, RunRecord, now
from kit.child_environment import finding_kit
from kit.steps.monitor import KERNEL_VARIABLE, RUN_FOLDER_VARIABLE
from kit.steps.sampling import FILE_VARIABLE
from kit.translation.messages import in_language
from kit.workspace_folders import LOGS, RUNS

# How the names of variables begin of this kernel's own environment, which the batch must not inherit.
_OF_THE_KERNEL = (
    "JPY_",
    RUN_FOLDER_VARIABLE,
    KERNEL_VARIABLE,
    FILE_VARIABLE,
    SOURCES_VARIABLE,
    "MPLBACKEND",
)
_LAST_WORDS = 2_000  # characters of a batch's output before it had a record
_ENDED = {"done", "failed", "interrupted", "killed"}


@dataclass(frozen=True)
class BatchProgress:
    """How far a batch is.

    Attributes:
        state: `starting`, or as run.json has it: `running`, `done`, `failed`, `interrupted` or `killed`.
        said: its notebooks with their states, or why it stopped.
        done: the number of notebooks that have ended well, out of `notebooks`.
        steps: how each TFX step ended, the latest last.
        seconds: the time since it was started, or that it took.
        report: its page, once it is there.
        command: the command that starts it again.
    """

    state: str
    said: str
    done: int = 0
    notebooks: int = 0
    steps: tuple[str, ...] = ()
    seconds: float = 0.0
    report: str = ""
    command: str = ""

    @property
    def has_ended(self) -> bool:
        return self.state in _ENDED


class Batch:
    """`kit` with some words, in a process of its own session: no signal for the kernel's group reaches it.

    Args:
        words: the words of the command line, such as `run -p epochs=3`.
        workspace: the workspace in which it runs; keeps its output in `logs/`.
        command: the command as a person would give it.
    """

    def __init__(self, words: Sequence[str], workspace: Path, command: str = "") -> None:
        self._runs, self._started, self._command = workspace / RUNS, now(), command
        self._log = workspace / LOGS / f"batch-{self._started:%Y%m%d-%H%M%S-%f}.log"
        self._log.parent.mkdir(parents=True, exist_ok=True)
        environ = {name: value for name, value in os.environ.items() if not name.startswith(_OF_THE_KERNEL)}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", "from kit.cli import app; app(prog_name='kit')", *words],
                env=finding_kit(environ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def progress(self) -> BatchProgress:
        """Return how far it is, from its latest record, since a replay has several."""
        code = self._process.poll()
        found = self._record()
        if found is None:
            return self._without_record(code)
        record, folder = found
        running = code is None
        report = folder / REPORT_FILE
        return BatchProgress(
            state=_state(record, running=running),
            said=_said(record),
            done=sum(notebook.has_results for notebook in record.notebooks),
            notebooks=len(record.notebooks),
            steps=tuple(f"{row.step} {row.state} in {row.seconds:.1f} s" for row in record.steps),
            seconds=(now() - self._started).total_seconds() if running else record.seconds,
            report=str(report) if report.exists() else "",
            command=self._command,
        )

    def _record(self) -> tuple[RunRecord, Path] | None:
        for path in sorted(self._runs.glob(f"*/{RUN_FILE}"), reverse=True):
            record = RunRecord.read(path.parent)
            if record and record.pid == self.pid and record.started >= self._started:
                return record, path.parent
        return None

    def _without_record(self, code: int | None) -> BatchProgress:
        seconds = (now() - self._started).total_seconds()
        if code is None:
            return BatchProgress(
                "starting", self._last_line("It starts."), seconds=seconds, command=self._command
            )
        words = self._log.read_text(errors="replace")[-_LAST_WORDS:].strip()
        said = f"It ended with exit code {code} before its first notebook: {words or 'it said nothing.'}"
        return BatchProgress("done" if code == 0 else "failed", said, seconds=seconds, command=self._command)

    def _last_line(self, otherwise: str) -> str:
        """Return the last line that it printed, such as what it waits for."""
        lines = self._log.read_text(errors="replace").splitlines()
        return lines[-1] if lines else otherwise


def _state(record: RunRecord, *, running: bool) -> str:
    if running:
        return "running"
    return "killed" if record.state == "running" else record.state


def _said(record: RunRecord) -> str:
    if record.failure is not None:
        cell = f", cell {record.failure.cell}" if record.failure.cell else ""
        reason = record.failure.reason or record.failure.error
        return in_language(
            f"Stopped in {record.failure.notebook}{cell} (exit code {record.exit_code}): {reason}"
        )
    return ", ".join(f"{notebook.name} {notebook.state}" for notebook in record.notebooks)
