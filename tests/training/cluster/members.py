"""Members of a cluster that go wrong, in processes of their own."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import tensorflow as tf

from kit.training.cluster.tf_config import PortError
from kit.training.job import Job

Report = Callable[[str], None]


def dies(_payload: bytes, _report: Report) -> bytes:
    """End as a process does that the operating system takes memory from."""
    os.kill(os.getpid(), signal.SIGKILL)
    return b""


def fails(_payload: bytes, _report: Report) -> bytes:
    """Raise what is the code's own fault in the last member, and in the others what follows from that."""
    if is_last():
        time.sleep(0.5)
        raise ZeroDivisionError("in build_model")
    raise tf.errors.UnavailableError(None, None, "a peer is gone")


def finds_its_port_busy_once(payload: bytes, _report: Report) -> bytes:
    """Find the port busy in the first start, and train nothing in the second."""
    seen = Job.from_json(payload.decode()).run.parent / "seen"
    with seen.open("a") as file:
        file.write("x")
    if is_last() and not seen.with_name("again").exists():
        seen.with_name("again").touch()
        raise PortError(1, "Address already in use")
    time.sleep(0.5)
    return b""


def never_ends(payload: bytes, report: Report) -> bytes:
    """Report, and go on."""
    (Path(Job.from_json(payload.decode()).run_dir) / str(os.getpid())).touch()
    while True:
        report("still here")
        time.sleep(0.05)


def is_last() -> bool:
    config = json.loads(os.environ["TF_CONFIG"])
    return bool(config["task"]["index"] == len(config["cluster"]["worker"]) - 1)
