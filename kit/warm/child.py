"""The life of a child: detach from its parent, then be a kernel or a call, then end."""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from types import ModuleType
from typing import Any, NoReturn

from kit.warm.address import DEFAULTS
from kit.warm.answer import run_call
from kit.warm.own import OwnModules, forget
from kit.warm.protocol import ChildRequest
from kit.warm.resource_limits import set_limits

_CONTROL_SECONDS = 5.0  # as long as Jupyter waits for a kernel to end


def live(  # noqa: PLR0913, PLR0917  called in one place
    request: ChildRequest,
    descriptors: Sequence[int],
    lifeline: int,
    close: Iterable[int],
    fresh_path: list[str],
    own: OwnModules | None = None,
) -> NoReturn:
    """Be the child that was just forked; never returns into the code of its parent.

    Args:
        request: what to be.
        descriptors: stdout, stderr, and for a call its socket.
        lifeline: closes when the parent ends.
        close: descriptors that are not for this child.
        fresh_path: `sys.path` unless the request has one.
        own: the kit's own modules that the parent has imported; None: none that a child may keep.
    """
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        for descriptor in close:
            os.close(descriptor)
        os.setsid()
        _take_standard_streams(descriptors[0], descriptors[1])
        _take_environment(request, fresh_path)
        _reset_signals(interruptible=request.kind == "call")
        _forget_parent(own)
        _end_with_parent(lifeline)
        code = _work(request, descriptors)
    except BaseException:  # noqa: BLE001  a forked child must not unwind into its parent's loop
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        # Not the interpreter's own end: it would wait for threads of libraries that only the parent has.
        os._exit(code)


def main(_fresh_path: list[str]) -> None:
    """Be a child in an interpreter of its own: `child CHANNEL LIFELINE`, the request as JSON on stdin."""
    channel, lifeline = int(sys.argv[1]), int(sys.argv[2])
    request = ChildRequest(**json.load(sys.stdin))
    os.set_inheritable(channel, False)
    os.set_inheritable(lifeline, False)
    _reset_signals(interruptible=True)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.umask(request.umask)
    sys.argv[:], sys.path[:] = request.argv, request.sys_path or sys.path
    _end_with_parent(lifeline)
    code = run_call(request.target, channel)
    atexit._run_exitfuncs()  # noqa: SLF001  os._exit skips them
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _work(request: ChildRequest, descriptors: Sequence[int]) -> int:
    if request.kind == "call":
        code = run_call(request.target, descriptors[2])
    else:
        code = _exit_code_of(lambda: _run_kernel(request.argv))
        threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001  joins threads that are not daemons
    atexit._run_exitfuncs()  # noqa: SLF001  TensorFlow, for one, removes temporary files there
    return code


def _run_kernel(argv: list[str]) -> None:
    from ipykernel.kernelapp import IPKernelApp  # noqa: PLC0415  imported by the warm process, not by all children

    # ipykernel reads its parent's id when its class is made, which was before this parent was known.
    try:
        IPKernelApp.launch_instance(argv=argv[1:], parent_handle=os.getppid())
    finally:
        _end_control(IPKernelApp.instance())


def _end_control(app: Any) -> None:
    """Let the control thread finish, which may still be answering the request to shut down.

    ipykernel itself first closes the thread that sends output, for which this one may then wait: one kernel in five
    ended only when Jupyter lost its patience, 3 s later. To be removed when IPKernelApp.close ends it first.
    """
    thread = getattr(app, "control_thread", None)  # None: it failed before
    if thread is not None and thread.is_alive():
        thread.stop()
        thread.join(_CONTROL_SECONDS)


def _exit_code_of(run: Callable[[], None]) -> int:
    try:
        run()
    except SystemExit as end:
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001  the last one to tell of it
        traceback.print_exc()
        return 1
    return 0


def _take_standard_streams(stdout: int, stderr: int) -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (stdout, 1), (stderr, 2)):
        os.dup2(source, target)
    for source in {null, stdout, stderr} - {0, 1, 2}:
        os.close(source)


def _take_environment(request: ChildRequest, fresh_path: list[str]) -> None:
    """Replace what an interpreter gets from outside by what the request says."""
    # Some imports set variables, and importing again will not: keep those that the request leaves open.
    set_by_imports = {name: value for name, value in os.environ.items() if name not in _AT_START}
    os.environ.clear()
    os.environ.update(DEFAULTS | set_by_imports | request.environ)
    os.environ["JPY_PARENT_PID"] = str(os.getppid())
    time.tzset()
    os.umask(request.umask)
    if request.cpus:
        with suppress(OSError):  # in another container, as it may be
            os.sched_setaffinity(0, request.cpus)
    set_limits(request.limits)
    os.chdir(request.cwd)
    python_path = [entry for entry in request.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    sys.argv[:] = request.argv
    sys.path[:] = request.sys_path or [*python_path, *fresh_path]


def _forget_parent(own: OwnModules | None) -> None:
    """Undo what the parent's Python code has set up for itself, and what two children must not share."""
    importlib.invalidate_caches()
    if own is None:
        forget()
    else:
        own.forget_unless_same()  # so that edited code is always reread
    forget(_READ_SETTINGS)
    sys.modules["__main__"] = ModuleType("__main__")
    tempfile.tempdir = None  # it may have been computed with the parent's TMPDIR
    if process := sys.modules.get("multiprocessing.process"):
        process.current_process().authkey = os.urandom(32)
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    gc.enable()  # what was imported stays frozen, hence shared


def _reset_signals(*, interruptible: bool) -> None:
    """Set signal handlers as an interpreter does at its start.

    Args:
        interruptible: False for a kernel, which an interrupt before its first cell would end: ipykernel
            itself allows interrupts while a cell runs.
    """
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for signum in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGINT}:
        with suppress(OSError, ValueError):  # the C library keeps some for itself
            signal.signal(signum, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler if interruptible else signal.SIG_IGN)
    for signum in (signal.SIGPIPE, signal.SIGXFSZ):  # an interpreter starts with these two ignored
        signal.signal(signum, signal.SIG_IGN)


def _end_with_parent(lifeline: int) -> None:
    """End this process group when the parent is gone, which closes the other end of the lifeline."""

    def watch() -> None:
        os.read(lifeline, 1)
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, name="kit-warm-lifeline", daemon=True).start()


_READ_SETTINGS = ("matplotlib", "matplotlib_inline", "mpl_toolkits")
"""What Keras has imported, and what reads variables and files of the folder when it is imported: a kernel's pictures
come from the backend that ipykernel sets."""
_AT_START = frozenset(os.environ)
"""The variables that the warm process was started with; this module is imported before the slow ones."""
