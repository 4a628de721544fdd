"""Two ways to make a child: fork the warm process, or start a new interpreter where it cannot be forked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import IO, Protocol, cast

from kit.warm import child
from kit.warm.address import ROOT
from kit.warm.own import OwnModules
from kit.warm.protocol import ChildRequest

START_CODE = (
    "import sys; path = sys.path[:]; sys.path.insert(0, {root!r}); from {module} import main; main(path)"
)
"""Runs `main` of a module of this package, and hands it the path that an interpreter has without `kit`."""


class Child(Protocol):
    """A running child; `subprocess.Popen` is one."""

    @property
    def pid(self) -> int:
        """Also the id of its process group."""

    def poll(self) -> int | None:
        """Return how it ended, a signal as a negative number, or None while it runs."""


class ForkedChild:
    """A child of `os.fork`."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._returncode: int | None = None

    def poll(self) -> int | None:
        """Return how it ended, and remove it from the kernel's process table."""
        if self._returncode is None:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            if ended:
                self._returncode = os.waitstatus_to_exitcode(status)
        return self._returncode


Spawn = Callable[[ChildRequest, Sequence[int], int, Iterable[int]], Child]
"""(request, its descriptors, read end of the lifeline, descriptors to close in the child) → child"""


def interpreter_command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs `module.main` in a new interpreter, the current folder not on its path."""
    return [sys.executable, "-P", "-c", START_CODE.format(root=str(ROOT), module=module), *arguments]


def forker(fresh_path: list[str], own: OwnModules | None = None) -> Spawn:
    """Return a `Spawn` that forks this process.

    Args:
        fresh_path: `sys.path` for children that are given none.
        own: the kit's own modules that this process has imported.
    """

    def fork(request: ChildRequest, descriptors: Sequence[int], lifeline: int, close: Iterable[int]) -> Child:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):  # a full disk
                stream.flush()
        with warnings.catch_warnings():
            # Python 3.12 warns of threads. Those that the imports started wait for work and hold no lock.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if not pid:
            child.live(request, descriptors, lifeline, close, fresh_path, own)
        return ForkedChild(pid)

    return fork


def start_interpreter(
    request: ChildRequest, descriptors: Sequence[int], lifeline: int, _close: Iterable[int]
) -> Child:
    """Start a new interpreter for a call; slower than a fork, and nothing is shared."""
    stdout, stderr, channel = descriptors
    process = subprocess.Popen(
        interpreter_command("kit.warm.child", str(channel), str(lifeline)),
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=stderr,
        env=request.environ,
        cwd=request.cwd,
        pass_fds=(channel, lifeline),
        start_new_session=True,
        text=True,
    )
    with cast("IO[str]", process.stdin) as stdin:
        json.dump(asdict(request), stdin)
    return process


def signal_group(pid: int, signum: int) -> None:
    """Signal a child and all that it started; one that has ended already is no error."""
    try:
        os.killpg(pid, signum)
    except ProcessLookupError:
        with suppress(ProcessLookupError):
            os.kill(pid, signum)  # a child that was just forked does not lead its group yet
