"""A lane of a run: a thread that runs one notebook after another, each in its own kernel."""

from __future__ import annotations

import asyncio
import importlib
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jupyter_core.utils import ensure_event_loop

from kit.batch.kernels import Kernels
from kit.batch.plan import PlannedNotebook
from kit.batch.record import Failure
from kit.batch.watch import Watch
from kit.errors import ExitCode


@dataclass(frozen=True)
class Job:
    """A notebook to run.

    Attributes:
        notebook: the notebook with its parameters.
        watch: the watch that can stop it.
        output: the path of its executed copy.
        ahead: folder to start another kernel in meanwhile; None: no notebook follows.
    """

    notebook: PlannedNotebook
    watch: Watch
    output: Path
    ahead: Path | None


@dataclass(frozen=True)
class Outcome:
    """How a job ended; `error` has nothing to do with the notebook, and ends the run."""

    job: Job
    lane: Lane
    code: ExitCode
    failure: Failure | None
    seconds: float
    kernel_seconds: float
    error: BaseException | None = None


class Lane:
    """Runs jobs in a thread of its own, on whose event loop kernels start and end meanwhile.

    Args:
        make_kernels: called in the thread.
        ended: gets the outcome of every job.
    """

    def __init__(self, make_kernels: Callable[[], Kernels], ended: queue.SimpleQueue[Outcome]) -> None:
        self._make_kernels, self._ended = make_kernels, ended
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="lane")
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def submit(self, job: Job) -> None:
        self._jobs.put(job)

    def end(self) -> None:
        """End its kernels, once the job that runs has ended; does not wait for that."""
        self._jobs.put(None)

    def join(self) -> None:
        """Wait until all is gone."""
        self._thread.join()

    def _work(self) -> None:
        loop = ensure_event_loop()
        try:
            with self._make_kernels() as kernels:
                while (job := kernels.meanwhile(self._jobs.get)) is not None:
                    self._ended.put(self._run(job, kernels))
        finally:
            loop.run_until_complete(loop.shutdown_default_executor())
            asyncio.set_event_loop(None)
            loop.close()

    def _run(self, job: Job, kernels: Kernels) -> Outcome:
        started, error = time.monotonic(), None
        failure: Failure | None = None
        try:
            code, failure = _execute(job, kernels)
        except BaseException as caught:  # noqa: BLE001  raised again where the run is led
            code, error = ExitCode.STEP_FAILED, caught
        answered = job.watch.started
        seconds = time.monotonic() - started
        kernel_seconds = seconds if answered is None else answered - started
        return Outcome(job, self, code, failure, round(seconds, 2), round(kernel_seconds, 2), error)


def _execute(job: Job, kernels: Kernels) -> tuple[ExitCode, Failure | None]:
    kernels.prepare(job.notebook.path.parent)
    # papermill is slow to import, and reporting a wrong parameter does not need it.
    kernels.meanwhile(lambda: importlib.import_module("kit.batch.engine"))
    from kit.batch import engine  # noqa: PLC0415  as above

    with job.watch:
        return engine.execute(job.notebook, job.output, watch=job.watch, kernels=kernels, ahead=job.ahead)
