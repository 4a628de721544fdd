"""Run Envoy and end it when its parent process is gone: `python -m kit.gateway.guard PARENT FOLDER …`.

Only the standard library, so that it is small and starts at once. However the parent ends, kill -9 included, Envoy ends
too; if this process itself is killed, Linux ends Envoy.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress

_LOOK_SECONDS = 0.2
_END_SECONDS = 5.0
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def guard(parent: int, folder: str, command: Sequence[str]) -> int:
    """Run a command until it ends, this process is told to end, or the parent is gone; then remove the folder.

    Returns:
        The exit code of the command.
    """
    ended: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.append(1))
    prepare = _die_with_parent if sys.platform == "linux" else None
    try:
        # The only thread, so nothing can hold a lock between fork and exec.
        with subprocess.Popen(command, preexec_fn=prepare) as child:  # noqa: PLW1509  see above
            while child.poll() is None and not ended and os.getppid() == parent:
                time.sleep(_LOOK_SECONDS)
            return _end(child)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _end(child: subprocess.Popen[bytes]) -> int:
    child.terminate()
    with suppress(subprocess.TimeoutExpired):
        return child.wait(_END_SECONDS)
    child.kill()
    return child.wait()


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(guard(int(sys.argv[1]), sys.argv[2], sys.argv[3:]))
