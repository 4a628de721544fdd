"""One notebook through papermill, in a kernel that a `Watch` can stop."""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import papermill
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError, strip_color

from kit.batch.plan import PlannedNotebook
from kit.batch.record import Failure
from kit.batch.watch import Watch
from kit.errors import ExitCode, exit_code_of
from kit.steps.monitor import RUN_FOLDER_VARIABLE

_ENGINE = "kit-batch"
_SAVE_SECONDS = 1.0  # how old the executed notebook of a killed run may be
_START_SECONDS = 180  # the first kernel of a warm process waits for its imports


class _StoppedError(Exception):
    """The next cell is not started."""


class _Client(PapermillNotebookClient):
    """Tells the watch which process the kernel is, and starts no cell after a stop."""

    def __init__(
        self, nb_man: Any, *, watch: Watch, run_folder: Path, kernel_log: TextIO, **options: Any
    ) -> None:
        super().__init__(nb_man, **options)
        self._watch = watch
        self._start_options = {
            "env": {**os.environ, RUN_FOLDER_VARIABLE: str(run_folder)},
            # What libraries write past Python goes to the log, not between the lines of progress.
            "stdout": kernel_log,
            "stderr": kernel_log,
        }

    def execute(self, **options: Any) -> Any:
        return super().execute(**self._start_options, **options)

    def papermill_execute_cells(self) -> None:
        if pid := getattr(self.km.provisioner, "pid", None):
            self._watch.kernel_started(pid)
        super().papermill_execute_cells()

    def execute_cell(self, *arguments: Any, **options: Any) -> Any:
        if self._watch.reason is not None:
            raise _StoppedError
        return super().execute_cell(*arguments, **options)


class _Engine(NBClientEngine):
    """papermill's own engine, with the client above."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, *, start_timeout: int = 60, **options: Any
    ) -> Any:
        ours = {name: options[name] for name in ("watch", "run_folder", "kernel_log")}
        nb_man.save = _seldom(nb_man.save)
        client = _Client(nb_man, kernel_name=kernel_name, startup_timeout=start_timeout, timeout=None, **ours)
        return client.execute()


def _seldom(save: Callable[..., None]) -> Callable[..., None]:
    """Let papermill, which saves before and after each cell, also of text, do so at most once a second.

    At the end of a notebook, whatever it was, papermill writes it in another way.
    """
    last = -math.inf

    def save_seldom(**options: Any) -> None:
        nonlocal last
        if time.monotonic() - last >= _SAVE_SECONDS:
            save(**options)
            last = time.monotonic()

    return save_seldom


papermill_engines.register(_ENGINE, _Engine)


def execute(
    notebook: PlannedNotebook, output: Path, *, kernel_name: str, watch: Watch, log: Path
) -> tuple[ExitCode, Failure | None]:
    """Run a notebook and write its executed copy, also when it fails.

    Returns:
        How it ended, and the failing cell unless it ended well.
    """
    try:
        with log.open("a") as kernel_log, _papermill_logs_to(kernel_log):
            papermill.execute_notebook(
                notebook.path,
                output,
                parameters=dict(notebook.given),
                engine_name=_ENGINE,
                kernel_name=kernel_name,
                cwd=notebook.path.parent,  # where JupyterLab would start it
                progress_bar=False,
                start_timeout=_START_SECONDS,
                watch=watch,
                run_folder=log.parent,
                kernel_log=kernel_log,
            )
    except PapermillExecutionError as error:
        cell = Failure(
            notebook=notebook.name,
            cell=error.cell_index + 1,
            source=str(error.source),
            error=str(error.ename),
            reason=strip_color(str(error.evalue)).strip(),
        )
        return watch.reason or exit_code_of(cell.error), cell
    except Exception as error:  # noqa: BLE001  a dead kernel, a full disk: the run ends with a record
        failure = Failure(
            notebook=notebook.name,
            cell=None,
            source="",
            error=type(error).__name__,
            reason=str(error).strip(),
        )
        return watch.reason or exit_code_of(failure.error), failure
    return ExitCode.DONE, None


@contextmanager
def _papermill_logs_to(stream: TextIO) -> Iterator[None]:
    logger, handler = logging.getLogger("papermill"), logging.StreamHandler(stream)
    logger.addHandler(handler)
    propagate, logger.propagate = logger.propagate, False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagate
