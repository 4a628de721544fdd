"""A thread beside a running notebook: it reports finished steps, enforces the time limit, and stops the kernel."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import psutil

from kit.errors import ExitCode
from kit.steps.memory import PeakMemory

_POLL_SECONDS = 0.1
_INTERRUPT_AGAIN_SECONDS = 4.0  # an idle kernel ignores an interrupt
_KILL_AFTER_SECONDS = 10.0

StepSeen = Callable[[dict[str, Any]], None]


class StoppedError(Exception):
    """A watch has stopped the notebook; its next cell is not started."""


class Watch:
    """Watches one notebook from `with` to the end of it.

    A kernel is asked to stop as Jupyter does it, so that its step can clean up, and killed when it does not.

    Attributes:
        reason: why the notebook was stopped, if it was.
        started: when its kernel answered, by `time.monotonic`.
        memory: the peak of the kernel and its children.
        mark: the mark of the kernel.

    Raises:
        Exception: at the end of `with`, what kept a step from being reported, such as a full disk.
    """

    def __init__(self, steps_file: Path, step_seen: StepSeen, timeout_seconds: float | None = None) -> None:
        self.reason: ExitCode | None = None
        self.started: float | None = None
        self.memory = PeakMemory()
        self.mark = ""
        self._steps_file, self._step_seen = steps_file, step_seen
        self._offset = steps_file.stat().st_size if steps_file.exists() else 0
        self._deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        self._kernel: psutil.Process | None = None
        self._ended = threading.Event()
        self._hurry = False
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._watch, name="watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        if self._error is not None:
            raise self._error
        self._pass_on_steps()

    def kernel_started(self, pid: int | None, mark: str) -> None:
        """Take the kernel's process, which is the one to stop from now on, and the mark of its steps."""
        self.mark, self.started = mark, time.monotonic()
        if pid is None:
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            self._kernel = psutil.Process(pid)
        self._look_at_memory()  # a short notebook may have ended before the next look

    def interrupt(self) -> None:
        """Ask for a stop; a second call kills at once. Only sets flags, since a signal handler calls it."""
        self._hurry = self.reason is not None
        self.reason = self.reason or ExitCode.INTERRUPTED

    def _watch(self) -> None:
        asked: float | None = None
        last = 0.0
        while not self._ended.wait(_POLL_SECONDS):
            self._report()
            self._look_at_memory()
            now = time.monotonic()
            if self.reason is None and self._deadline is not None and now > self._deadline:
                self.reason = ExitCode.OUT_OF_TIME
            if self.reason is None or self._kernel is None:
                continue
            asked = asked or now
            if self._hurry or now - asked > _KILL_AFTER_SECONDS:
                _signal_group(self._kernel, signal.SIGKILL)
            elif now - last > _INTERRUPT_AGAIN_SECONDS:
                _signal_group(self._kernel, signal.SIGINT)
                last = now

    def _look_at_memory(self) -> None:
        if self._kernel is not None:
            with contextlib.suppress(psutil.Error):
                self.memory.look_at(
                    self._kernel.pid, *(child.pid for child in self._kernel.children(recursive=True))
                )

    def _report(self) -> None:
        """Pass on steps; if that fails the notebook is stopped, since nobody would know what it does."""
        if self._error is None:
            try:
                self._pass_on_steps()
            except Exception as error:  # noqa: BLE001  raised again by the thread that waits for the notebook
                self._error, self.reason = error, self.reason or ExitCode.STEP_FAILED

    def _pass_on_steps(self) -> None:
        """Read the complete lines of this kernel; it may be in the middle of writing one."""
        if not self._steps_file.exists():
            return
        with self._steps_file.open("rb") as file:
            file.seek(self._offset)
            complete = file.read().rpartition(b"\n")
        self._offset += len(complete[0]) + len(complete[1])
        for line in complete[0].splitlines():
            step = json.loads(line)
            if step.pop("kernel", "") == self.mark:
                self._step_seen(step)


def _signal_group(kernel: psutil.Process, signum: int) -> None:
    """Signal the kernel's group, as Jupyter does, or the kernel alone when it leads none."""
    with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError, PermissionError):
        if not kernel.is_running():  # also false when another process has the number now
            return
        if os.getpgid(kernel.pid) == kernel.pid:
            os.killpg(kernel.pid, signum)
        else:
            kernel.send_signal(signum)
