"""A local Dask cluster for one sweep: scheduler and workers as processes that live and end with it."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from distributed import Security

from kit.child_environment import finding_kit
from kit.errors import ClusterError
from kit.sweep.member import ADDRESS, SCRATCH

_START_SECONDS = 60.0
_END_SECONDS = 5.0
_POLL_SECONDS = 0.1
_ROLES = ("client", "scheduler", "worker")
_STARTS_PER_WORKER = 4  # a worker that dies this often has a cause that a restart does not remove


class LocalCluster:
    """Starts a scheduler and workers; a worker that dies is replaced a few times.

    Args:
        size: workers.
        logs: the folder of their logs.

    Raises:
        ClusterError: when the scheduler does not start.
    """

    def __init__(self, size: int, logs: Path) -> None:
        self._logs, self._size = logs, size
        self.security = Security.temporary()  # a key and a certificate that are in no file
        self._names = itertools.count(1)
        self._left = size * _STARTS_PER_WORKER
        logs.mkdir(parents=True, exist_ok=True)
        self._remove_scratch()  # of a sweep that was killed
        address = logs / ADDRESS
        address.unlink(missing_ok=True)
        self._members = {"scheduler": self._start("scheduler", "scheduler")}
        try:
            self.address = self._wait_for(address)
            self.maintain()
        except BaseException:
            self.close()
            raise

    @property
    def workers(self) -> dict[str, int]:
        """The process ids of the workers, by name."""
        return {name: process.pid for name, process in self._members.items() if name != "scheduler"}

    def maintain(self) -> None:
        """Start missing workers, as long as that is likely to help."""
        for name in [name for name in self.workers if self._members[name].poll() is not None]:
            _close_pipe(self._members.pop(name))
        while len(self.workers) < self._size and self._left > 0:
            self._left -= 1
            name = f"worker-{next(self._names)}"
            self._members[name] = self._start(name, "worker", name)

    def close(self) -> None:
        """End all members."""
        for process in self._members.values():
            process.terminate()
        for process in self._members.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(_END_SECONDS)
            process.kill()
            process.wait()
            _close_pipe(process)
        self._members.clear()
        self._remove_scratch()

    def _remove_scratch(self) -> None:
        shutil.rmtree(self._logs / SCRATCH, ignore_errors=True)

    def _start(self, name: str, kind: str, *words: str) -> subprocess.Popen[bytes]:
        with (self._logs / f"{name}.log").open("ab") as log:
            command = [sys.executable, "-m", "kit.sweep.member", kind, str(self._logs), *words]
            process = _popen(command, log)
        if process.stdin:
            process.stdin.write(json.dumps(_as_values(self.security)).encode() + b"\n")
            process.stdin.flush()
        return process

    def _wait_for(self, address: Path) -> str:
        deadline = time.monotonic() + _START_SECONDS
        while not address.exists():
            if self._members["scheduler"].poll() is not None or time.monotonic() > deadline:
                raise ClusterError(
                    f"A scheduler of Dask must start within {_START_SECONDS:g} s on this machine, but did not. "
                    f"See {self._logs / 'scheduler.log'}."
                )
            time.sleep(_POLL_SECONDS)
        return address.read_text(encoding="utf-8")


def _as_values(security: Security) -> dict[str, object]:
    """Return values from which another process makes the same security."""
    names = (
        "require_encryption",
        "tls_ca_file",
        *(f"tls_{who}_{what}" for who in _ROLES for what in ("key", "cert")),
    )
    return {name: getattr(security, name) for name in names}


def _close_pipe(process: subprocess.Popen[bytes]) -> None:
    if process.stdin:
        process.stdin.close()


def _popen(command: Sequence[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        env=finding_kit(),
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=log,
        start_new_session=True,  # Ctrl-C at the terminal is for the sweep, which ends them last
    )
