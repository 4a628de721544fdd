"""The client's side: connect to the warm process, start it when there is none, and hold one child."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from filelock import FileLock, Timeout

from kit.warm.address import Address, address_of, idle_seconds, import_variables
from kit.warm.errors import WarmUnavailableError
from kit.warm.link import Link
from kit.warm.protocol import ChildRequest, Header, other_end
from kit.warm.spawn import interpreter_command, signal_group

Notify = Callable[[str], None]
_START_SECONDS = 30.0  # until a new warm process listens; it imports only afterwards
_WARM_UP_SECONDS = 120.0  # without bytecode the imports took 60 s
_SILENT_SECONDS = 60.0  # it answers between two imports; after longer it hangs
_PATIENCE_SECONDS = 1.0  # for one that was silent that long before


_silent: set[int] = set()
"""The ids of warm processes that did not answer this process: nobody waits long for them again."""


class WarmProcess:
    """A child, with the methods of `subprocess.Popen` that jupyter_client uses. It dies with this object.

    Args:
        link: the connection that has asked for the child.
        pid: the id of the child, and of its process group.
        own_parent: the child's parent when it serves this child only; it ends when the connection does.
    """

    stdin = stdout = stderr = None

    def __init__(self, link: Link, pid: int, own_parent: subprocess.Popen[bytes] | None = None) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.parent_lost = False
        self._link, self._own_parent = link, own_parent

    def poll(self) -> int | None:
        """Return how the child ended, a signal as a negative number, or None while it runs."""
        return self.wait(0)

    def wait(self, timeout_seconds: float | None = None) -> int | None:
        """Wait for the end of the child; return like `poll`."""
        if self.returncode is None:
            try:
                answer = self._link.receive(timeout_seconds)
            except ConnectionError:
                self._end_without_parent()
            else:
                if answer is not None:  # the only answer still to come is "exited"
                    self.returncode = int(answer["returncode"])
                    self._close()
        return self.returncode

    def fileno(self) -> int:
        """Return a descriptor that is readable when the child has ended."""
        return self._link.fileno()

    def send_signal(self, signum: int) -> None:
        """Signal the child's process group, as jupyter_client does with its kernels."""
        if self.poll() is None:
            try:
                self._link.send({"op": "signal", "signum": int(signum)})
            except ConnectionError:
                self._end_without_parent()

    def terminate(self) -> None:
        """Ask the child to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the child's process group."""
        self.send_signal(signal.SIGKILL)

    def _end_without_parent(self) -> None:
        """End what the child has started; the child itself ends with its parent, which is gone."""
        signal_group(self.pid, signal.SIGKILL)
        self.parent_lost, self.returncode = True, -signal.SIGKILL
        self._close()

    def _close(self) -> None:
        self._link.close()
        if self._own_parent:
            self._own_parent.wait()


def launch(request: ChildRequest, descriptors: Sequence[int], notify: Notify) -> WarmProcess:
    """Let the warm process make a child; starts the warm process when there is none.

    Args:
        request: what the child gets; its environment also chooses the warm process.
        descriptors: stdout, stderr, and for a call its socket. They stay open here.
        notify: is given a line of text now and then while modules are imported.

    Raises:
        WarmUnavailableError: when a warm child is not possible.
    """
    message = {"op": "start", "child": asdict(request)}
    for _attempt in range(2):  # an idle warm process may end just when it is asked
        link = _open(request.environ)
        try:
            link.send(message, descriptors)
            return WarmProcess(link, await_start(link, notify))
        except ConnectionError:
            link.close()
        except BaseException:
            link.close()
            raise
    log = address_of(request.environ).log
    raise WarmUnavailableError(
        "it must stay alive", "it ended twice while it was asked for a child", f"read {log}"
    )


def await_start(link: Link, notify: Notify) -> int:
    """Return the id of the child that was asked for.

    Raises:
        ConnectionError: when the parent ended.
        WarmUnavailableError: when the parent refused, or did not answer in time.
    """
    deadline = time.monotonic() + _WARM_UP_SECONDS
    while answer := _answer(link, deadline):
        if answer["event"] == "started":
            return int(answer["pid"])
        if answer["event"] == "refused":
            raise WarmUnavailableError(
                "it must be able to fork", answer["reason"], "stop it: python -m kit.warm stop"
            )
        notify(answer["text"])
    raise WarmUnavailableError(
        f"its imports must end within {_WARM_UP_SECONDS:.0f} s",
        "they did not",
        "compile bytecode, see `kit doctor`",
    )


def _answer(link: Link, deadline: float) -> Header | None:
    """Return the next answer, or None when none came until then.

    Raises:
        WarmUnavailableError: when the parent hangs.
    """
    left = max(0.0, deadline - time.monotonic())
    patience = _PATIENCE_SECONDS if link.pid in _silent else _SILENT_SECONDS
    answer = link.receive(min(left, patience) if link.pid else left)
    if answer is None and link.pid and patience < left:
        _silent.add(link.pid)
        raise WarmUnavailableError("it must answer", "it does not", "end it: python -m kit.warm stop")
    _silent.discard(link.pid)
    return answer


def start(environ: Mapping[str, str] | None = None) -> None:
    """Start the warm process unless it runs; does not wait for its imports.

    Raises:
        WarmUnavailableError: when it cannot be started here.
    """
    _open(os.environ if environ is None else environ).close()


def status(environ: Mapping[str, str] | None = None) -> dict[str, Any] | None:
    """Return the status of the warm process, or None when none runs. Waits for an import to end.

    Raises:
        WarmUnavailableError: when it hangs.
    """
    link = _connect(address_of(os.environ if environ is None else environ))
    if link is None:
        return None
    try:
        link.send({"op": "status"})
        return _answer(link, time.monotonic() + _WARM_UP_SECONDS)
    except ConnectionError:
        return None
    finally:
        link.close()


def stop(environ: Mapping[str, str] | None = None) -> bool:
    """End the warm process and all its children, and wait until they are gone; return whether one ran.

    One that hangs is killed, and its children end with it.
    """
    link = _connect(address_of(os.environ if environ is None else environ))
    if link is None:
        return False
    try:
        link.send({"op": "stop"})
        while link.receive(_SILENT_SECONDS):
            pass
        if link.pid:
            os.kill(link.pid, signal.SIGKILL)
            while link.receive(None):
                pass
    except ConnectionError:
        pass  # the end that was asked for
    finally:
        link.close()
    return True


def _open(environ: Mapping[str, str]) -> Link:
    if environ.get("KIT_WARM", "").lower() == "off":
        raise WarmUnavailableError("KIT_WARM must not be off", "it is", "unset KIT_WARM")
    if sys.platform != "linux":
        raise WarmUnavailableError(
            "the system must be Linux",
            f"on {sys.platform} a process with threads cannot fork safely",
            "use Linux",
        )
    address = address_of(environ)
    if link := _connect(address):
        return link
    try:
        with FileLock(address.lock, timeout=_START_SECONDS):
            return _connect(address) or _start(address, environ)
    except Timeout as error:
        raise WarmUnavailableError(
            "only one process may start it", f"another holds {address.lock}", "end that process"
        ) from error


def _connect(address: Address) -> Link | None:
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.connect(str(address.socket))
    except (FileNotFoundError, ConnectionRefusedError):
        sock.close()
        return None
    warm_process = other_end(sock)
    if warm_process.uid == os.getuid():
        return Link(sock, warm_process.pid)
    sock.close()
    raise WarmUnavailableError("it must be yours", f"{address.socket} is another user's", "set KIT_WARM_DIR")


def _start(address: Address, environ: Mapping[str, str]) -> Link:
    """Start a warm process; the lock is held, so a socket without an answer belongs to a dead one."""
    idle_seconds(environ)  # a wrong value would end it when it has just begun to listen
    address.socket.unlink(missing_ok=True)
    with address.log.open("wb") as log:
        try:
            subprocess.run(
                interpreter_command("kit.warm.daemon", str(address.socket), address.fingerprint),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=_bare(environ),
                start_new_session=True,
                check=True,
                timeout=_START_SECONDS,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise WarmUnavailableError("it must start", str(error), f"read {address.log}") from error
    if link := _connect(address):
        return link
    raise WarmUnavailableError("it must listen", f"nobody does on {address.socket}", f"read {address.log}")


def _bare(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the part of an environment that may shape all children alike."""
    kept = {
        name: value
        for name, value in environ.items()
        if name in _SHARED or name.startswith(("LC_", "KIT_WARM"))
    }
    return kept | import_variables(environ)


_SHARED = ("HOME", "PATH", "USER", "LANG", "TMPDIR", "TZ")
