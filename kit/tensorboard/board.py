"""The kernel's TensorBoard: started on demand, and never outliving the kernel."""

from __future__ import annotations

import atexit
import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from kit.child_environment import finding_kit
from kit.errors import KitError
from kit.tensorboard import folders
from kit.training.scalars import Curves, read_scalars

_START_SECONDS = 60.0
_AMBIGUOUS = re.compile(r"[/\\#?&%+]")  # PROJECTOR does not escape the names of runs
_LAST_WORDS = 600  # characters of what TensorBoard said, in an error


class BoardError(KitError):
    """TensorBoard cannot be started."""


class Board:
    """TensorBoard on one or several folders of event files.

    Args:
        folders: the folders by their names in TensorBoard; everything below is found, also what comes later.
    """

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self.folders = dict(folders)
        self._id = secrets.token_hex(8)
        self._process: subprocess.Popen[bytes] | None = None

    def curves(self) -> Curves:
        """Return what TensorBoard would draw as curves: for each tag and run, its steps and values."""
        found: dict[str, dict[str, list[tuple[float, float]]]] = {}
        for name, folder in self.folders.items():
            for run, tags in read_scalars(folder).items():
                full = f"{name}/{run}" if run else name
                for tag, points in tags.items():
                    found.setdefault(tag, {})[full] = points
        return found

    def start(self) -> str:
        """Start TensorBoard unless it runs; return its address below the base URL of the Jupyter server.

        Raises:
            BoardError: when it does not answer.
        """
        if self._process is None or self._process.poll() is not None:
            folders.remove_dead()
            self._process = self._launch()
            atexit.register(self.stop)
            self._wait(self._process)
        return f"{folders.ROUTE}/{self._id}/"

    def stop(self) -> None:
        """End TensorBoard; it may be started again."""
        atexit.unregister(self.stop)
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None

    @property
    def pid(self) -> int | None:
        """The number of its process while it runs."""
        return self._process.pid if self._process else None

    def _launch(self) -> subprocess.Popen[bytes]:
        try:
            folder = folders.make_folder(self._id)
        except OSError as error:
            raise _failed(str(error), "Correct that, or set TMPDIR to another folder.") from None
        (folder / folders.LOGS).mkdir()
        for name, logs in self.folders.items():
            (folder / folders.LOGS / _AMBIGUOUS.sub("_", name)).symlink_to(logs.absolute())
        with (folder / "log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "kit.tensorboard.process", self._id, str(os.getpid())],
                env=finding_kit(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,  # an interrupt of the kernel goes to its whole process group
            )

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        log = folders.folder_of(self._id) / "log"
        deadline = time.monotonic() + _START_SECONDS
        while not folders.answers(self._id):
            said = log.read_text(errors="replace") if log.exists() else ""
            if process.poll() is not None:
                raise _failed(f"it ended with {process.returncode}: {said[-_LAST_WORDS:]}", "Correct that.")
            if time.monotonic() > deadline:
                self.stop()
                raise _failed(f"it did not answer within {_START_SECONDS:g} s", "Run the cell again.")
            time.sleep(0.05)


def _failed(found: str, advice: str) -> BoardError:
    return BoardError(f"TensorBoard should have started, but {found}. {advice}")
