"""The kernels of a lane: the next one starts, and the last one shuts down, while a notebook runs."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import ensure_event_loop

from kit.batch.redacted_log import RedactedLog
from kit.batch.times import TIMES
from kit.batch.watch import StoppedError, Watch
from kit.errors import KernelStartError
from kit.secret import Redactor, known_secrets
from kit.steps.monitor import KERNEL_VARIABLE, RUN_FOLDER_VARIABLE
from kit.steps.sampling import FILE_VARIABLE
from kit.texts import Say

_POLL_SECONDS = 0.1
_LOOK = (  # leaves no name behind; the kernel's environment may lack the kit
    'exec("try:\\n from kit.steps.sampling import look_at_kernel\\n look_at_kernel()\\n'
    'except ImportError:\\n pass", {})'
)
_START_SECONDS = 180  # the warm process has two minutes, then a kernel without it has one

Result = TypeVar("Result")


@dataclass(frozen=True)
class Kernel:
    """A kernel that answers, and how to talk to it; `mark` identifies its steps."""

    manager: AsyncKernelManager
    client: Any
    mark: str = ""

    @property
    def pid(self) -> int | None:
        """The process to signal; None: the provisioner does not say."""
        return getattr(self.manager.provisioner, "pid", None)


class Kernels:
    """Starts and ends kernels on the event loop that nbclient waits on, so that they move on while a cell runs.

    For use by one thread: each thread has its own event loop.

    Args:
        kernel_name: the kernelspec.
        run_folder: the folder where steps record how they ended.
        log: gets what libraries write past Python, which would mix with the lines of progress.
        say: is told the warnings of a kernel's start, such as that it has no head start.
    """

    def __init__(
        self,
        kernel_name: str,
        run_folder: Path,
        log: Path,
        say: Say = print,
    ) -> None:
        self._loop = ensure_event_loop()
        self.kernel_name, self._run_folder = kernel_name, run_folder
        secrets = known_secrets(os.environ)
        self._environ = {**os.environ, **secrets, RUN_FOLDER_VARIABLE: str(run_folder)}
        self._log = RedactedLog(log, Redactor(secrets))
        # One logger per lane's thread, so that their messages stay apart.
        self._logger = logging.getLogger(f"{__name__}.{threading.get_ident()}")
        self._saying = _Saying(say)
        self._logger.addHandler(self._saying)
        self._next: tuple[asyncio.Task[Kernel], Path] | None = None
        self._ending: list[asyncio.Task[None]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End what is still there; a kernel that does not react is killed after Jupyter's five seconds."""
        if self._next is not None:
            self._give_up(self._next[0])
        try:
            self._loop.run_until_complete(asyncio.gather(*self._ending, return_exceptions=True))
        finally:
            self._log.close()
            self._logger.removeHandler(self._saying)

    def meanwhile(self, work: Callable[[], Result]) -> Result:
        """Do something slow, or wait, in a thread while kernels start and end."""
        return self._loop.run_until_complete(asyncio.to_thread(work))

    def prepare(self, folder: Path) -> None:
        """Begin to start a kernel that works in a folder, unless one is on its way there."""
        if self._next is not None and self._next[1] == folder:
            return
        if self._next is not None:
            self._give_up(self._next[0])
        self._next = self._loop.create_task(self._start(folder)), folder

    def take(self, watch: Watch, folder: Path) -> Kernel:
        """Return a kernel that works in a folder once it answers: the one that was prepared if there is one.

        Raises:
            KernelStartError: when it has died or does not answer.
            StoppedError: when the watch has already stopped the notebook.
        """
        self.prepare(folder)
        assert self._next is not None  # noqa: S101  prepared above
        task, self._next = self._next[0], None
        try:
            kernel = self._wait(task, watch)
            if not self._loop.run_until_complete(kernel.manager.is_alive()):  # it died while it waited
                self.give_back(kernel)
                kernel = self._wait(self._loop.create_task(self._start(folder)), watch)
        except RuntimeError as error:
            raise KernelStartError(
                f"A kernel of {self.kernel_name!r} must start within {_START_SECONDS} s, but: {error} "
                "`kit doctor` checks this machine, and the log of the run has what the kernel said."
            ) from error
        return kernel

    def give_back(self, kernel: Kernel) -> None:
        """Begin to end a kernel."""
        self._ending.append(self._loop.create_task(_end(kernel.manager, kernel.client)))

    def _wait(self, start: asyncio.Task[Kernel], watch: Watch) -> Kernel:
        while not start.done():
            self._loop.run_until_complete(asyncio.wait([start], timeout=_POLL_SECONDS))
            if watch.reason is not None and not start.done():
                self._give_up(start)
                raise StoppedError
        return start.result()

    def _give_up(self, start: asyncio.Task[Kernel]) -> None:
        start.cancel()
        self._ending.append(self._loop.create_task(_settled(start)))

    async def _start(self, folder: Path) -> Kernel:
        manager = AsyncKernelManager(kernel_name=self.kernel_name, log=self._logger)
        mark = uuid.uuid4().hex[:12]
        client = None
        try:
            await manager.start_kernel(
                cwd=str(folder),
                env={
                    **self._environ,
                    KERNEL_VARIABLE: mark,
                    FILE_VARIABLE: str(self._run_folder / TIMES / f"{mark}.json"),
                },
                stdout=self._log,
                stderr=self._log,
                extra_arguments=[
                    "--HistoryManager.hist_file=:memory:",  # as nbclient does
                    f"--IPKernelApp.exec_lines=[{_LOOK!r}]",
                ],
            )
            client = manager.client()
            client.start_channels()
            await client.wait_for_ready(timeout=_START_SECONDS)
        except BaseException:  # even when nobody wants it any more
            await _end(manager, client)
            raise
        client.allow_stdin = False
        return Kernel(manager, client, mark)


class _Saying(logging.Handler):
    """Log handler that shows a warning among the lines of progress."""

    def __init__(self, say: Say) -> None:
        super().__init__(logging.WARNING)
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        self._say(record.getMessage())


async def _end(manager: AsyncKernelManager, client: Any) -> None:
    try:
        if manager.has_kernel:
            await manager.shutdown_kernel()
    finally:
        await manager.cleanup_resources()
        if client is not None:
            client.stop_channels()


async def _settled(task: asyncio.Task[Kernel]) -> None:
    """Wait for a start that was cancelled, and end the kernel if the start was faster."""
    with suppress(asyncio.CancelledError, RuntimeError):
        kernel = await task
        await _end(kernel.manager, kernel.client)
