"""Functions that the tests call in children."""

from __future__ import annotations

import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable


class UnpicklableError(Exception):
    """Unpickling calls the class with one argument, and it wants two."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(first + second)


def echo(payload: bytes, report: Callable[[str], None]) -> bytes:
    sys.stdout.write("on stdout\n")
    sys.stderr.write("on stderr\n")
    report(f"got {len(payload)} bytes")
    return payload[::-1]


def describe(payload: bytes, _report: Callable[[str], None]) -> bytes:
    """Return the value of a variable, the working directory, a random number and the file mode mask."""
    mask = os.umask(0)
    number = random.random()  # noqa: S311
    return f"{os.environ.get(payload.decode())}\n{Path.cwd()}\n{number}\n{mask:o}".encode()


def loaded(_payload: bytes, _report: Callable[[str], None]) -> bytes:
    return "\n".join(sys.modules).encode()


def cpus(_payload: bytes, _report: Callable[[str], None]) -> bytes:
    return repr(sorted(os.sched_getaffinity(0))).encode()


def open_files(_payload: bytes, _report: Callable[[str], None]) -> bytes:
    return repr(resource.getrlimit(resource.RLIMIT_NOFILE)).encode()


def descriptors(_payload: bytes, _report: Callable[[str], None]) -> bytes:
    links = []
    for number in os.listdir("/proc/self/fd"):  # noqa: PTH208
        try:
            links.append(os.readlink(f"/proc/self/fd/{number}"))  # noqa: PTH115
        except OSError:
            continue  # the descriptor of the listing itself
    return "\n".join(links).encode()


def fail(_payload: bytes, _report: Callable[[str], None]) -> NoReturn:
    raise FileNotFoundError(2, "nothing there", "some/file")


def fail_at_length(_payload: bytes, _report: Callable[[str], None]) -> NoReturn:
    raise ValueError("what was wrong\n\nand a page about where:\n\tthe last of it")


def fail_unpicklably(_payload: bytes, _report: Callable[[str], None]) -> NoReturn:
    raise UnpicklableError("one", "two")


def leave(_payload: bytes, _report: Callable[[str], None]) -> NoReturn:
    os._exit(7)


def chatter(_payload: bytes, report: Callable[[str], None]) -> bytes:
    for number in range(20_000):
        report(f"line {number}")
    return b"done"


def sleep_with_helper(_payload: bytes, report: Callable[[str], None]) -> bytes:
    """Start a process of its own and report both ids."""
    helper = subprocess.Popen(["sleep", "600"])
    report(f"{os.getpid()} {helper.pid}")
    time.sleep(600)
    return b""


def leave_helper(_payload: bytes, _report: Callable[[str], None]) -> bytes:
    return str(subprocess.Popen(["sleep", "600"]).pid).encode()


def matmul(_payload: bytes, _report: Callable[[str], None]) -> bytes:
    import tensorflow as tf  # noqa: PLC0415

    ones = tf.ones((300, 300))
    return str(float(tf.reduce_sum(ones @ ones))).encode()


def eager_context(_payload: bytes, _report: Callable[[str], None]) -> bytes:
    """Return TensorFlow's state as the child has inherited it."""
    from tensorflow.python.eager import context  # noqa: PLC0415

    return repr(context._context).encode()


def traced(_payload: bytes, _report: Callable[[str], None]) -> bytes:
    """Trace a function with autograph; return how many temporary files that makes."""
    import tensorflow as tf  # noqa: PLC0415

    double = tf.function(_double_positive)
    assert int(double(tf.constant(2))) == 4
    return str(len(list(Path(tempfile.gettempdir()).glob("__autograph*")))).encode()


def _double_positive(number: Any) -> Any:
    if number > 0:  # a tensor: only autograph makes a condition of it
        number = number * 2
    return number
