"""Run one function in a process of its own, follow it, and know for certain how it ended."""

from __future__ import annotations

import os
import pickle
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from multiprocessing.connection import wait
from pathlib import Path
from typing import Self

from kit.errors import KitError
from kit.signals import how_it_ended, memory_hint
from kit.warm.client import Notify, WarmProcess, await_start, launch
from kit.warm.errors import WarmUnavailableError
from kit.warm.link import Link
from kit.warm.protocol import CHUNK_BYTES, ChildRequest, Frame, FrameReader, encode
from kit.warm.resource_limits import current_limits
from kit.warm.spawn import interpreter_command

_MASK = threading.Lock()
"""Held while the mask is changed; a second thread that read it then would restore the changed one for good."""


@dataclass(frozen=True)
class CallReturned:
    """The function returned."""

    result: bytes

    @property
    def message(self) -> str:
        """One sentence for a person."""
        return f"The call returned {len(self.result)} bytes."

    def kit_error(self) -> None:
        """Return nothing: it did not fail."""


@dataclass(frozen=True)
class CallRaised:
    """The function raised.

    Attributes:
        traceback_text: the traceback as the child would have printed it.
        message: the exception's class with its module, a colon and the first line of its text.
        pickled_exception: empty when the exception cannot be pickled.
    """

    traceback_text: str
    message: str
    pickled_exception: bytes

    def exception(self) -> BaseException | None:
        """Return the exception, or None when it does not survive pickling."""
        try:
            error = pickle.loads(self.pickled_exception)  # noqa: S301  made by our own child
        except Exception:  # noqa: BLE001  unpickling runs code of the exception's class
            return None
        return error if isinstance(error, BaseException) else None

    def kit_error(self) -> KitError | None:
        """Return the exception where it is one that tells its user what to do; None: any other."""
        error = self.exception()
        return error if isinstance(error, KitError) else None


@dataclass(frozen=True)
class CallDied:
    """The process ended without an answer.

    Attributes:
        returncode: its exit code, or the signal as a negative number.
        log_path: the file with its output.
        parent_lost: the warm process ended and took the child along.
    """

    returncode: int
    log_path: Path
    parent_lost: bool = False

    @property
    def message(self) -> str:
        """What was expected, what happened, what to do next."""
        how, hint = how_it_ended(self.returncode), memory_hint(self.returncode)
        if self.parent_lost:
            how, hint = "the warm process, its parent, ended", ""
        return f"The process should have sent a result, but it died ({how}). See {self.log_path}{hint}."

    def kit_error(self) -> None:
        """Return nothing: it had no time to tell."""


CallOutcome = CallReturned | CallRaised | CallDied


class WarmCall:
    """A call that runs. Meant for one thread; killed at the end of a `with` block, and when its owner dies.

    Attributes:
        progress: the latest line that the function has reported, as of the last `wait`.
    """

    def __init__(self, process: WarmProcess, channel: socket.socket, log_path: Path) -> None:
        self.progress = ""
        self._process, self._channel, self._log_path = process, channel, log_path
        self._reader, self._channel_open = FrameReader(), True
        self._answer: CallReturned | CallRaised | None = None

    @property
    def pid(self) -> int:
        """The id of the process and of its group."""
        return self._process.pid

    def wait(self, timeout_seconds: float | None = None) -> CallOutcome | None:
        """Return how the call ended once its process is gone, or None when it still runs after that time."""
        deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        while self._channel_open:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            ready = wait([self._channel, self._process.fileno()], left)
            if not ready:
                return None
            if self._channel in ready:
                self._read()
            elif self._process.poll() is not None:
                self._drain()
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        returncode = self._process.wait(left)
        if returncode is None:
            return None
        return self._answer or CallDied(returncode, self._log_path, self._process.parent_lost)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def kill(self) -> None:
        """End the process and all that it has started; return when it is gone."""
        self._process.kill()
        self._process.wait()
        self._close_channel()

    def _drain(self) -> None:
        """Read what a child that has ended left behind."""
        self._channel.setblocking(False)
        try:
            while self._channel_open:
                self._read()
        except BlockingIOError:  # a process that the child started still holds the other end
            self._close_channel()

    def _read(self) -> None:
        try:
            data = self._channel.recv(CHUNK_BYTES)
        except ConnectionError:
            data = b""
        for frame in self._reader.feed(data):
            self._take(frame)
        if not data:
            self._close_channel()

    def _take(self, frame: Frame) -> None:
        match frame.header["event"]:
            case "report":
                self.progress = frame.header["text"]
            case "returned":
                self._answer = CallReturned(frame.body)
            case "raised":
                self._answer = CallRaised(frame.header["traceback"], frame.header["error"], frame.body)

    def _close_channel(self) -> None:
        self._channel_open = False
        self._channel.close()


def start_call(  # noqa: PLR0913  the keyword arguments are those of a new process
    target: str,
    payload: bytes,
    *,
    log_path: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    notify: Notify = lambda _text: None,
) -> WarmCall:
    """Run `target(payload, report)` in a child of the warm process, else in a new interpreter.

    Args:
        target: `package.module:function`, imported in the child with the `sys.path` of this process. The
            function takes the payload and `report`, which sends a line of progress, and returns bytes.
        payload: the payload, of any size; it does not pass through the warm process.
        log_path: the child's stdout and stderr are appended to it; its folder must exist.
        env: all environment variables of the child; by default those of this process.
        cwd: working directory of the child; by default that of this process.
        notify: is given lines such as "warming up: importing tensorflow" while the first call waits for
            imports, and the reason when there is no warm process.
    """
    request = ChildRequest(
        kind="call",
        argv=[target],
        environ=dict(os.environ if env is None else env),
        cwd=str(cwd or Path.cwd()),
        umask=current_umask(),
        cpus=current_cpus(),
        limits=current_limits(),
        sys_path=[entry or str(Path.cwd()) for entry in sys.path],
        target=target,
    )
    with ExitStack() as stack:
        log = stack.enter_context(log_path.open("ab"))
        ours, theirs = socket.socketpair()
        stack.enter_context(theirs)
        give_up = stack.enter_context(ExitStack())
        give_up.callback(ours.close)
        process = _launch(request, (log.fileno(), log.fileno(), theirs.fileno()), notify)
        give_up.pop_all()
    with suppress(ConnectionError):  # a child that has already died; `wait` reports how
        ours.sendall(encode({"event": "payload"}, payload))
    return WarmCall(process, ours, log_path)


def current_cpus() -> list[int] | None:
    """Return the numbers of the CPUs that this thread may run on; None where the system does not tell."""
    return sorted(os.sched_getaffinity(0)) if sys.platform == "linux" else None


def current_umask() -> int:
    """Return the file mode mask, which can only be read by setting it."""
    with _MASK:
        mask = os.umask(0o077)
        os.umask(mask)
    return mask


def _launch(request: ChildRequest, descriptors: tuple[int, int, int], notify: Notify) -> WarmProcess:
    try:
        return launch(request, descriptors, notify)
    except (WarmUnavailableError, OSError) as error:
        notify(f"starting a new interpreter: {error}")
    return _launch_plainly(request, descriptors, notify)


def _launch_plainly(request: ChildRequest, descriptors: tuple[int, int, int], notify: Notify) -> WarmProcess:
    """Start the call under a parent of its own, a small interpreter with the warm process's protocol."""
    ours, theirs = socket.socketpair()
    link = Link(ours)
    try:
        with theirs:
            parent = subprocess.Popen(
                interpreter_command("kit.warm.daemon", str(theirs.fileno())),
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        link.send({"op": "start", "child": asdict(request)}, descriptors)
        process = WarmProcess(link, await_start(link, notify), parent)
    except BaseException:
        link.close()
        raise
    return process
