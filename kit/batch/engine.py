"""Run one notebook through papermill, in a kernel that a `Watch` can stop."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import papermill
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError, strip_color

from kit.batch.kernels import Kernel, Kernels
from kit.batch.plan import PlannedNotebook
from kit.batch.record import Failure
from kit.batch.watch import StoppedError, Watch
from kit.errors import ExitCode, exit_code_of
from kit.secret import Redactor, known_secrets

_ENGINE = "kit-batch"
_SAVE_SECONDS = 1.0  # how outdated the executed notebook of a killed run may be


class _Folders(NamedTuple):
    """Where a kernel works, and where the one after it will."""

    own: Path
    ahead: Path | None


class _Client(PapermillNotebookClient):
    """Gives the watch the kernel's process, and starts no cell after a stop."""

    def __init__(self, nb_man: Any, *, watch: Watch, kernel: Kernel, **options: Any) -> None:
        super().__init__(nb_man, km=kernel.manager, **options)
        self.kc = kernel.client
        self._watch, self._kernel = watch, kernel
        self._redactor = Redactor(known_secrets(os.environ))

    def papermill_execute_cells(self) -> None:
        self._watch.kernel_started(self._kernel.pid, self._kernel.mark)
        super().papermill_execute_cells()

    def process_message(self, msg: Any, cell: Any, cell_index: int) -> Any:
        output = super().process_message(self._redactor.all_in(msg), cell, cell_index)
        if self._redactor and msg["msg_type"] == "stream" and len(cell.get("outputs", ())) > 1:
            self._join(cell.outputs)
        return output

    def _join(self, outputs: list[Any]) -> None:
        """Join the last two texts, as a front end shows them: a secret may have come in pieces."""
        before, last = outputs[-2:]
        if before.output_type == last.output_type == "stream" and before.name == last.name:
            letters = len(last.text) + self._redactor.most_letters
            text = before.text + last.text
            before.text = text[:-letters] + self._redactor.text(text[-letters:])
            outputs.pop()

    def execute_cell(self, *arguments: Any, **options: Any) -> Any:
        if self._watch.reason is not None:
            raise StoppedError
        return super().execute_cell(*arguments, **options)


class _Engine(NBClientEngine):
    """papermill's own engine, with the client above."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, *, watch: Watch, kernels: Kernels, folders: _Folders, **_: Any
    ) -> Any:
        nb_man.save = _seldom(nb_man.save)
        kernel = kernels.take(watch, folders.own)
        if folders.ahead is not None:
            kernels.prepare(folders.ahead)
        try:
            return _Client(
                nb_man, watch=watch, kernel=kernel, kernel_name=kernel_name, timeout=None
            ).execute()
        finally:
            kernels.give_back(kernel)


def _seldom(save: Callable[..., None]) -> Callable[..., None]:
    """Make papermill save at most once a second; by default it saves before and after every cell, even markdown.

    At the end papermill writes the notebook in another way in any case.
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
    notebook: PlannedNotebook, output: Path, *, watch: Watch, kernels: Kernels, ahead: Path | None = None
) -> tuple[ExitCode, Failure | None]:
    """Run a notebook in a kernel of its own, and write its executed copy, also when it fails.

    Args:
        notebook: the notebook with its parameters; its kernel works in its folder, as in JupyterLab.
        output: the path of the executed copy.
        watch: the watch that can stop it.
        kernels: the kernels of the lane.
        ahead: the folder of another notebook, whose kernel may start meanwhile.

    Returns:
        How it ended, and the failing cell unless it ended well.
    """
    try:
        papermill.execute_notebook(
            notebook.path,
            output,
            parameters=dict(notebook.given),
            engine_name=_ENGINE,
            kernel_name=kernels.kernel_name,
            progress_bar=False,
            watch=watch,
            kernels=kernels,
            folders=_Folders(notebook.path.parent, ahead),
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
            reason=Redactor(known_secrets(os.environ)).text(str(error)).strip(),
        )
        return watch.reason or exit_code_of(failure.error), failure
    return ExitCode.DONE, None
