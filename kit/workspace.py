"""The workspace: the one folder that holds everything the notebooks make, and the only place where they meet.

`kit.workspace_folders` says what lies where in it.
"""

from __future__ import annotations

import errno
import json
import os
import shlex
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import filelock

from kit.errors import WorkspaceError
from kit.os_errors import reason_of
from kit.texts import Say
from kit.workspace_folders import (
    ARTIFACTS,
    LOGS,
    METADATA_FILE,
    MODELS_CONFIG,
    RUNS,
    SERVING,
    STATISTICS,
)

CHECKOUT = Path(__file__).resolve().parents[1]
DEFAULT = CHECKOUT / "workspace"  # of commands that are given no other one
_PLACE_FILE = ".place"
_POLL_SECONDS = 0.2
_SAY_AFTER_SECONDS = 1.0


def resolve_folder(folder: str | os.PathLike[str]) -> Path:
    """Return the absolute path of a folder that a notebook names.

    A relative name is taken from the checkout and not from the current directory, which differs between JupyterLab,
    papermill and nbval, so that every front end meets the same workspace.

    Raises:
        WorkspaceError: when it begins with ~ and there is no such home.
    """
    try:
        path = Path(folder).expanduser()
    except RuntimeError:
        raise WorkspaceError(
            f"The workspace {os.fspath(folder)!r} must be a folder, but there is no such home folder. Write the path "
            "in full."
        ) from None
    return without_dots(path if path.is_absolute() else CHECKOUT / path)


def without_dots(path: Path) -> Path:
    """Return the same folder without `..`: its path is a parameter, and two ways to write it would be two workspaces.

    Only then are links followed, since what lies above a link depends on where it leads; without `..` a folder keeps
    the name that was chosen for it.
    """
    return path.resolve() if ".." in path.parts else path


def workspace_option(workspace: Path) -> str:
    """Return what a command for a shell needs to find a workspace, a blank before it; empty: the default one."""
    return "" if workspace == DEFAULT else f" -w {shlex.quote(str(workspace))}"


def path_below(path: Path, folder: Path, there: str) -> str | None:
    """Return the path of what is in a folder, for those who have the folder at another place; None for all else."""
    path, folder = path.resolve(), folder.resolve()
    return f"{there}/{path.relative_to(folder).as_posix()}" if path.is_relative_to(folder) else None


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file under a temporary name and rename it, so that no reader ever sees half of it; its folder is made.

    Raises:
        OSError: when it cannot be written; names the file, which a full disk does not.
    """
    try:
        _write_atomically(path, content.encode() if isinstance(content, str) else content)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def rewrite(path: Path, change: Callable[[str], str]) -> None:
    """Change the text of a file at once, if there is that file."""
    if path.exists():
        write_atomically(path, change(path.read_text(encoding="utf-8")))


def _write_atomically(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


class Workspace:
    """Paths and locks of one workspace folder; the folder is made when it is missing.

    Args:
        folder: as `resolve_folder` takes it.
        read_only: for somebody who only looks: nothing is made or tried, and it may lie where nobody can write.

    Raises:
        WorkspaceError: when the folder cannot be made or written to.
    """

    def __init__(self, folder: str | os.PathLike[str] = "workspace", *, read_only: bool = False) -> None:
        self.path, self.read_only = resolve_folder(folder), read_only
        if read_only:
            return
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.path):
                pass
            self._follow_move()
        except OSError as error:
            raise self._not_writable(error) from error

    @classmethod
    def to_look_at(cls, folder: str | os.PathLike[str]) -> Self:
        """Return a read-only workspace that has followed its move, where it was moved and can be written to.

        A place that was misspelt is left as it is.
        """
        place = resolve_folder(folder) / _PLACE_FILE
        if place.exists() and os.access(place.parent, os.W_OK):
            cls(folder)
        return cls(folder, read_only=True)

    def _follow_move(self) -> None:
        """Let a workspace that was moved or copied here go on as if it had always been here."""
        place = self.path / _PLACE_FILE
        before = _read_place(place)
        if before is None:
            write_atomically(place, str(self.path))
        elif before != self.path and not _is_same(before, self.path):
            from kit.moved_workspace import follow_metadata, moving_config  # noqa: PLC0415  SQLite, for few workspaces

            with self.lock("step", f"following the move from {before}"):
                if _read_place(place) == before:  # and nobody else has done it meanwhile
                    follow_metadata(self.metadata_path, before, self.path)
                    rewrite(self.path / SERVING / MODELS_CONFIG, moving_config(str(before), str(self.path)))
                    write_atomically(place, str(self.path))

    def __repr__(self) -> str:
        return f"Workspace({str(self.path)!r})"

    def check_there(self) -> None:
        """Raise WorkspaceError when somebody has deleted or moved the folder since."""
        if not self.path.is_dir():
            raise WorkspaceError(
                f"{self.path} must be the workspace, but has been deleted or moved. Put it back, or run the notebook "
                "again from its first cell: that makes a new one."
            )

    @property
    def metadata_path(self) -> Path:
        return self.path / METADATA_FILE

    @property
    def runs(self) -> Path:
        return self.path / RUNS

    def artifacts(self, project: str) -> Path:
        return self.path / ARTIFACTS / project

    def serving(self, project: str) -> Path:
        return self.path / SERVING / project

    def logs(self, project: str) -> Path:
        return self.path / LOGS / project

    def statistics(self, project: str) -> Path:
        return self.path / STATISTICS / project

    @contextmanager
    def lock(self, name: str, purpose: str, *, wait: bool = True, say: Say = print) -> Iterator[None]:
        """Hold one of the workspace's locks; the operating system frees it when the holder dies.

        Args:
            name: `run` for a whole chain of notebooks, `step` for one component, `schedule-<name>` and
                `schedule-<name>-journal` for a schedule, `served` for reading servers' logs, `audit_key` for making
                that key, `sweep` for beginning one, `load-<project>` for a load sweep, `experiment-<project>` for a
                canary and a rollback; in the folder of a sweep `sweep` for all of it, in that of a point `point`.
            purpose: what the holder does, shown to whoever has to wait.
            wait: wait for the holder to finish, or raise at once.
            say: is told once who holds the lock when there is something to wait for.

        Raises:
            WorkspaceError: when `wait` is off and somebody else holds the lock, or nothing can be written.
        """
        folder = self.path / ".locks"
        lock = filelock.FileLock(folder / f"{name}.lock")
        holder = folder / f"{name}.json"
        started, told = time.monotonic(), False
        while True:
            try:
                folder.mkdir(exist_ok=True)
                lock.acquire(timeout=0)
                break
            except filelock.Timeout:
                who = f"The workspace {self.path} is in use by {_read_holder(holder)}"
                if not wait:
                    raise WorkspaceError(f"{who}. Wait until it is done, or use another workspace.") from None
                if not told and time.monotonic() - started > _SAY_AFTER_SECONDS:
                    say(f"{who}; waiting for it to finish.")
                    told = True
                time.sleep(_POLL_SECONDS)
            except OSError as error:
                raise self._not_writable(error) from error
        try:
            self._sign(holder, purpose)
            yield
        finally:
            holder.unlink(missing_ok=True)
            lock.release()

    def _sign(self, holder: Path, purpose: str) -> None:
        facts = {"pid": os.getpid(), "purpose": purpose, "since": time.time()}
        try:
            write_atomically(holder, json.dumps(facts))
        except OSError as error:
            raise self._not_writable(error) from error

    def _not_writable(self, error: OSError) -> WorkspaceError:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            return WorkspaceError(
                f"The workspace {self.path} must have room for what is written, but: {reason_of(error)}. Free some, or "
                "choose another folder with the parameter `workspace` (`--workspace` on the command line)."
            )
        return WorkspaceError(
            f"The workspace {self.path} must be a folder that you can write to, but: {reason_of(error)}. "
            "Choose another folder with the parameter `workspace` (`--workspace` on the command line)."
        )


def _read_place(file: Path) -> Path | None:
    try:
        return Path(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


def _is_same(one: Path, other: Path) -> bool:
    """Tell whether both paths lead to one folder, as a link and what it leads to do."""
    return one.exists() and one.samefile(other)


def _read_holder(holder: Path) -> str:
    try:
        facts = json.loads(holder.read_text())
        since = time.strftime("%H:%M:%S", time.localtime(facts["since"]))
        return f"process {facts['pid']} ({facts['purpose']}, since {since})"
    except (OSError, ValueError, KeyError):
        return "another process"
