"""Is this machine ready for a workshop? The checks that a teacher runs on every machine, in about a minute.

Besides what `kit doctor` looks at: cores, the memory that a chain takes, how soon a warm kernel answers, whether a
browser can reach a port of this machine, whether the class's folder can be written to, and whether the chain has run.
"""

from __future__ import annotations

import sqlite3
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

from jupyter_client.manager import start_new_kernel

from kit.batch.notebook_metadata import read_facts
from kit.doctor import DEEP_TIMEOUT_SECONDS, KERNEL, SET_UP, Check
from kit.machine import cores, memory_bytes
from kit.os_errors import reason_of
from kit.projects import SAMPLE
from kit.release.versions import numbers
from kit.workspace import CHECKOUT, DEFAULT
from kit.workspace_folders import METADATA_FILE, SERVING

CORES, MEMORY_GB = 2, 6.0
_SOON_SECONDS = 30.0  # for a cold start; a warm one takes less than one
_GB = 1e9
_CHAIN = ("01_data", "02_features", "03_train", "04_evaluate", "05_release")


def check_readiness(workspace: Path, class_folder: Path | None = None) -> list[Check]:
    """Examine this machine for a workshop.

    Args:
        workspace: the workspace of the participant; it is not made.
        class_folder: the folder that the class shares; None: there is none.
    """
    checks = [check_cores(), check_memory(), check_chain(workspace), check_loopback(), check_kernel_start()]
    return [*checks, check_class(class_folder)] if class_folder else checks


def check_cores(found: int | None = None) -> Check:
    """Check that there are enough cores; in a container, only its own count."""
    count = found or cores()
    ok = count >= CORES
    return Check(
        "cores", str(count), ok, "" if ok else f"{CORES} are better: steps take longer", needed=False
    )


def check_memory(total_bytes: int | None = None) -> Check:
    """Whether all of the workshop fits into the memory that the machine, or the container, has."""
    total = (total_bytes or memory_bytes()) / _GB
    ok = total >= MEMORY_GB
    remedy = f"{MEMORY_GB:.0f} GB are better: run one notebook at a time, and shut kernels down"
    return Check("memory of the machine", f"{total:.1f} GB", ok, "" if ok else remedy, needed=False)


def check_chain(workspace: Path) -> Check:
    """Whether a model was pushed in the workspace; otherwise how long that will take."""
    versions = numbers(workspace / SERVING / SAMPLE)
    if versions and (steps := _steps(workspace / METADATA_FILE)):
        return Check("the chain", f"has run: {steps} steps; versions pushed: {len(versions)}")
    usual = sum(read_facts(CHECKOUT / "notebooks" / f"{name}.ipynb").usual_seconds or 0 for name in _CHAIN)
    seconds = usual * max(1, CORES / cores())  # the times that notebooks declare are on two cores
    command = "make run" if workspace == DEFAULT else f"kit run --workspace {workspace}"
    remedy = f"about {seconds:.0f} s here: {command}; the exercises do not need it"
    return Check("the chain", "has not run in this workspace", ok=False, what_to_do=remedy, needed=False)


def _steps(database: Path) -> int:
    """Return the number of executions in ML Metadata; 0 if it cannot be read."""
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            [count] = connection.execute("SELECT COUNT(*) FROM Execution").fetchone()
            return int(count)
    except sqlite3.Error:
        return 0


def check_loopback() -> Check:
    """Check that a port of this machine can be reached over HTTP, as a browser reaches JupyterLab."""
    server = HTTPServer(("127.0.0.1", 0), _Answers)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        # Not through a proxy: browsers reach this machine without one, too.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://127.0.0.1:{server.server_port}/", timeout=5) as answer:
            ok, found = answer.status == _Answers.OK, f"HTTP {answer.status} from a port of this machine"
    except (urllib.error.URLError, OSError) as error:
        ok, found = False, f"no answer from a port of this machine: {reason_of(error)}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    return Check("browser port", found, ok, "" if ok else "allow connections to 127.0.0.1 in the firewall")


class _Answers(BaseHTTPRequestHandler):
    OK = 200

    def do_GET(self) -> None:
        self.send_response(self.OK)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def check_kernel_start() -> Check:
    """Start the kit's kernel twice: the first start may warm it up, the second is what participants meet."""
    seconds = []
    for _ in range(2):
        began = time.monotonic()
        try:  # the kernel's own output is of no interest here
            manager, client = start_new_kernel(
                startup_timeout=DEEP_TIMEOUT_SECONDS, kernel_name=KERNEL, stderr=subprocess.DEVNULL
            )
        except (RuntimeError, OSError) as error:
            return Check("kernel starts", str(error), ok=False, what_to_do=SET_UP)
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        seconds.append(time.monotonic() - began)
    ok = seconds[-1] <= _SOON_SECONDS
    found = f"in {seconds[0]:.1f} s, then {seconds[1]:.1f} s"
    return Check(
        "kernel starts", found, ok, "" if ok else f"slow: {SET_UP}, close other programs", needed=False
    )


def check_class(folder: Path) -> Check:
    """Whether this machine can write to the folder of the class."""
    began = time.monotonic()
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".room."):
            pass
    except OSError as error:
        remedy = "mount it, or work without: exercises keep scores in the workspace as well"
        return Check(
            "class folder", f"{folder}: {reason_of(error)}", ok=False, what_to_do=remedy, needed=False
        )
    return Check("class folder", f"{folder}, written in {time.monotonic() - began:.1f} s")
