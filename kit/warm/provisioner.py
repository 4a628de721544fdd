"""The Jupyter kernel provisioner that forks kernels from the warm process, or else starts them as usual."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, ClassVar, cast

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.launcher import launch_kernel
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from kit.warm.call import current_cpus, current_umask
from kit.warm.client import WarmProcess, launch
from kit.warm.errors import WarmUnavailableError
from kit.warm.protocol import ChildRequest
from kit.warm.resource_limits import current_limits
from kit.warm.starting import Process, StartingProcess

_UNDERSTOOD = {"env", "cwd", "stdin", "stdout", "stderr", "independent", "extra_arguments", "kernel_id"}
"""Arguments for the start of a kernel that a fork can honour, or may ignore as LocalProvisioner does."""

_PATIENCE_SECONDS = 1.0  # a warm process that is ready forks within a tenth of it
_KNOCK_SECONDS = 0.005


class WarmProvisioner(LocalProvisioner):
    """Forks kernels from the warm process; all but the start is LocalProvisioner's, on the forked process.

    Whatever prevents a fork is logged once per process, and the kernel then starts as usual.
    """

    _said: ClassVar[set[str]] = set()

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Start the kernel and return how to connect to it, perhaps before it runs."""
        self.cwd = kwargs.get("cwd", Path.cwd())
        self.process = None
        starting = StartingProcess(lambda: self._start(cmd, kwargs), self._hold)
        if not await asyncio.to_thread(starting.settle, _PATIENCE_SECONDS) and self.process is None:
            self.process = cast("Any", starting)
        elif isinstance(self.process, WarmProcess):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._until_it_listens(), _PATIENCE_SECONDS)
        return self.connection_info

    async def _until_it_listens(self) -> None:
        """Wait for the kernel's sockets: after a refused connection ZeroMQ waits 100 ms before it retries."""
        ip, last_bound = self.connection_info.get("ip"), self.connection_info.get("iopub_port")
        while self.connection_info.get("transport") == "tcp" and await self.poll() is None:
            try:
                _, writer = await asyncio.open_connection(cast("str", ip), last_bound)
            except OSError:
                await asyncio.sleep(_KNOCK_SECONDS)
            else:
                writer.close()
                break

    def _start(self, cmd: list[str], kwargs: dict[str, Any]) -> Process:
        try:
            return self._fork(cmd, kwargs)
        except (WarmUnavailableError, OSError) as error:
            if str(error) not in self._said:
                self._said.add(str(error))
                self.log.warning("This kernel starts without a head start (some 15 s). %s", error)
            return launch_kernel(cmd, **self._scrub_kwargs(kwargs))

    def _hold(self, process: Process) -> None:
        self.process = cast("Any", process)  # it has what LocalProvisioner uses of Popen
        self.pid = process.pid
        # Signals for a fork go through its parent, which knows whether the process still is the kernel.
        self.pgid = os.getpgid(process.pid) if isinstance(process, subprocess.Popen) else None

    def _fork(self, cmd: list[str], kwargs: dict[str, Any]) -> WarmProcess:
        _check(cmd, kwargs)
        environ = dict(os.environ if kwargs.get("env") is None else kwargs["env"])
        cwd = Path(kwargs.get("cwd") or Path.cwd())
        cwd.stat()  # if it is gone, the plain start reports that
        request = ChildRequest(
            kind="kernel",
            argv=[cmd[2], *(str(Path(word).expanduser()) if word[:1] == "~" else word for word in cmd[3:])],
            environ=environ,
            cwd=os.fspath(cwd),
            umask=current_umask(),
            cpus=current_cpus(),
            limits=current_limits(),
        )
        with ExitStack() as stack:
            stdout = _descriptor(kwargs.get("stdout"), 1, stack)
            stderr = _descriptor(kwargs.get("stderr"), 2, stack)
            return launch(request, (stdout, stderr), self.log.info)


def _check(cmd: list[str], kwargs: dict[str, Any]) -> None:
    """Refuse what a fork of this environment's interpreter cannot be."""
    # In the same folder too: the interpreters of several environments may be links to one file.
    python, ours = Path(cmd[0]), Path(sys.executable)
    same = python.samefile(ours) and python.parent.samefile(ours.parent)
    if cmd[1:3] != ["-m", "ipykernel_launcher"] or not same:
        raise WarmUnavailableError(
            f"the kernel's command must start with {sys.executable} -m ipykernel_launcher",
            f"it is {' '.join(cmd)}",
            "correct the kernelspec",
        )
    beyond = sorted(name for name, value in kwargs.items() if name not in _UNDERSTOOD and value is not None)
    if kwargs.get("independent"):
        beyond.append("independent")
    if beyond:
        raise WarmUnavailableError(
            "a kernel must be started with the usual arguments",
            f"it has {', '.join(beyond)}",
            "leave them out",
        )


def _descriptor(wanted: Any, inherited: int, stack: ExitStack) -> int:
    """Return the descriptor for one of Popen's choices of a stream."""
    if wanted is None:
        return inherited
    if wanted == subprocess.DEVNULL:
        return stack.enter_context(Path(os.devnull).open("wb")).fileno()
    if isinstance(wanted, int) and wanted < 0:
        raise WarmUnavailableError(
            "a kernel's output must go to a file", "it is asked for as a pipe", "leave stdout and stderr out"
        )
    return wanted if isinstance(wanted, int) else int(wanted.fileno())
