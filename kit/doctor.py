"""`kit doctor`: check whether everything would work on this machine, and say what to do about what would not.

Nothing heavy is imported, so that the answer takes about a second; the deep examination starts what notebooks start.
"""

from __future__ import annotations

import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import webbrowser
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from packaging.markers import Marker
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version
from rich.console import Console
from rich.table import Table

from kit.machine import free_memory_bytes
from kit.os_errors import reason_of
from kit.setup.environment import NEEDED_GLIBC, VENV, is_current
from kit.setup.locked import dependency_digest, read_digest, read_lock, read_pyproject
from kit.translation.row import Row, row_of

KERNEL = "kit"
PROVISIONER = "kit-warm"
_FOUNDATIONS = {"tfx", "tensorflow", "jupyterlab"}
PORTS = {8888: "JupyterLab", 6006: "TensorBoard"}
SYSTEMS = {("Linux", "x86_64"), ("Darwin", "arm64")}
SET_UP = "run `make setup`"
DEEP_TIMEOUT_SECONDS = 300  # a cold disk; 10 to 20 s are usual
_GB = 1e9
_IMPORTS = (
    "import tensorflow, tensorflow_data_validation, tensorflow_model_analysis, tfx.components, ml_metadata"
)


@dataclass(frozen=True)
class Check:
    """One line of the table.

    Args:
        needed: whether notebooks would fail without it; otherwise it is a hint.
        what_to_do: empty when all is well.
    """

    name: str
    found: str
    ok: bool = True
    what_to_do: str = ""
    needed: bool = True

    @property
    def state(self) -> str:
        """`ok`, `warn` where it is a hint, or `fail`."""
        return "ok" if self.ok else "fail" if self.needed else "warn"

    def as_row(self) -> Row:
        """Return name, what was found, state and what to do, for a view."""
        return row_of(self.name, self.found, self.state, self.what_to_do)


def check(deep: bool, workspace: Path, *, in_notebook: bool = False) -> list[Check]:
    """Examine this machine and this environment.

    Args:
        deep: also import TensorFlow and TFX in a process of their own, and run a cell in the kit's kernel.
        workspace: the folder that notebooks would write to; it is not made.
        in_notebook: whether a notebook asks: then a JupyterLab runs already, and a browser shows it.
    """
    checks = [check_python(), check_system(), check_libc(), check_lock(), check_set_up()]
    checks += [*check_packages(), check_kernel()]
    checks += [check_disk(workspace), check_memory(), check_workspace(workspace)]
    checks += [check_port(port, in_notebook=in_notebook) for port in PORTS]
    checks += [check_browser(in_notebook=in_notebook)]
    if deep:
        checks += [check_imports(), check_kernel_runs()]
    return checks


def render(checks: list[Check], console: Console | None = None) -> int:
    """Print the table; return 1 when something would fail and 0 otherwise."""
    table = Table(title="kit doctor", title_justify="left")
    table.add_column("")
    table.add_column("what", no_wrap=True)
    table.add_column("found", overflow="fold")
    table.add_column("what to do", overflow="fold")
    for one in checks:
        mark = "[green]ok[/]" if one.ok else "[red]FAILS[/]" if one.needed else "[yellow]hint[/]"
        table.add_row(mark, one.name, one.found, one.what_to_do)
    failing = sum(not one.ok and one.needed for one in checks)
    console = console or Console()
    console.print(table)
    console.print(
        f"[red]{failing} would fail.[/]" if failing else "[green]Everything that is needed is here.[/]"
    )
    return 1 if failing else 0


def check_python() -> Check:
    wanted, found = read_pyproject()["project"]["requires-python"], platform.python_version()
    ok = Version(found) in SpecifierSet(wanted)
    return Check(
        "Python", found, ok, "" if ok else f"use {wanted}: KIT_PYTHON=/path/to/python3.12 make setup"
    )


def check_system() -> Check:
    found = (platform.system(), platform.machine())
    ok = found in SYSTEMS
    return Check("system", " ".join(found), ok, "" if ok else "use Linux on x86_64 or macOS on arm64")


def check_libc() -> Check:
    name, version = platform.libc_ver()
    if platform.system() != "Linux":
        return Check("glibc", "not needed here")
    needed = ".".join(map(str, NEEDED_GLIBC))
    ok = name == "glibc" and Version(version) >= Version(needed)
    private = " (the environment's own)" if (VENV / "glibc").is_dir() else ""
    return Check("glibc", f"{version or 'none'}{private}", ok, "" if ok else f"{needed} is needed: {SET_UP}")


def check_lock() -> Check:
    """Whether `requirements.lock` was made for the dependencies that `pyproject.toml` has now."""
    ok = read_digest() == dependency_digest(read_pyproject())
    found = "answers pyproject.toml" if ok else "made for another pyproject.toml"
    return Check("requirements.lock", found, ok, "" if ok else "run `make lock`")


def check_set_up() -> Check:
    """Whether `.venv` answers the lock; another environment, as conda's, only has its packages checked."""
    if Path(sys.prefix) != VENV:
        return Check("environment", f"{sys.prefix} (not made by the set-up)")
    ok = is_current()
    return Check("environment", str(VENV), ok, "" if ok else f"requirements.lock has changed: {SET_UP}")


def check_packages() -> list[Check]:
    """One check for each of the few that everything stands on and for each wrong one, one for all others."""
    checks = {
        canonicalize_name(pin.name): _check_package(pin.name, pin.version)
        for pin in read_lock()
        if not pin.marker or Marker(pin.marker).evaluate()
    }
    shown = [one for name, one in checks.items() if name in _FOUNDATIONS or not one.ok]
    others = len(checks) - len(shown)
    return [*shown, Check("other packages", f"{others} as in requirements.lock")]


def _check_package(name: str, locked: str) -> Check:
    try:
        found = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Check(name, "missing", ok=False, what_to_do=f"{locked} is locked: {SET_UP}")
    ok = Version(found) == Version(locked)
    return Check(name, found, ok, "" if ok else f"{locked} is locked: {SET_UP}")


def check_kernel() -> Check:
    try:
        spec = KernelSpecManager().get_kernel_spec(KERNEL)
    except NoSuchKernel:
        return Check("kernel", f"no kernelspec {KERNEL}", ok=False, what_to_do=SET_UP)
    provisioners = metadata.entry_points(group="jupyter_client.kernel_provisioners").names
    if PROVISIONER not in provisioners:
        return Check("kernel", f"no provisioner {PROVISIONER}", ok=False, what_to_do=SET_UP)
    return Check("kernel", spec.display_name)


def check_disk(workspace: Path) -> Check:
    free = shutil.disk_usage(_nearest(workspace)).free / _GB
    return _enough(
        "free disk", free, needed=1, comfortable=5, remedy="remove old runs or choose another --workspace"
    )


def check_memory() -> Check:
    free = free_memory_bytes() / _GB
    # One process that has imported TensorFlow and TFX takes 0.9 GB before any data; kernel and step are two.
    return _enough("free memory", free, needed=2, comfortable=4, remedy="close kernels and other programs")


def _enough(name: str, free_gb: float, *, needed: float, comfortable: float, remedy: str) -> Check:
    ok = free_gb >= comfortable
    advice = "" if ok else f"{comfortable:.0f} GB are better: {remedy}"
    return Check(name, f"{free_gb:.1f} GB", ok, advice, needed=free_gb < needed)


def check_workspace(workspace: Path) -> Check:
    folder = _nearest(workspace)
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        remedy = "make it writable or choose another --workspace"
        return Check("workspace", f"{folder}: {reason_of(error)}", ok=False, what_to_do=remedy)
    return Check("workspace", str(workspace) if folder == workspace else f"{workspace} (will be made)")


def _nearest(path: Path) -> Path:
    """Return the path itself or the nearest folder above it that exists."""
    return next(folder for folder in (path, *path.parents) if folder.exists())


def check_port(port: int, *, in_notebook: bool = False) -> Check:
    with socket.socket() as probe:
        # A server that has just ended does not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            if in_notebook and PORTS[port] == "JupyterLab":
                return Check(f"port {port}", "in use, as JupyterLab runs")
            remedy = f"{PORTS[port]} takes the next free one"
            return Check(f"port {port}", "in use", ok=False, what_to_do=remedy, needed=False)
    return Check(f"port {port}", f"free for {PORTS[port]}")


def check_browser(*, in_notebook: bool = False) -> Check:
    if in_notebook:
        return Check("browser", "the one that you read this in")
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        remedy = "nothing, if you read this in one; otherwise open the address that `make lab` prints"
        return Check("browser", "none", ok=False, what_to_do=remedy, needed=False)
    return Check("browser", getattr(browser, "name", type(browser).__name__))


def check_imports() -> Check:
    """Import what every notebook imports, in a process of its own, with the bytecode it finds."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", _IMPORTS],
            check=False,
            capture_output=True,
            text=True,
            timeout=DEEP_TIMEOUT_SECONDS,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2"},
        )
    except subprocess.TimeoutExpired:
        return Check("imports", f"not done in {DEEP_TIMEOUT_SECONDS} s", ok=False, what_to_do=SET_UP)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        return Check("imports", reason, ok=False, what_to_do=SET_UP)
    return Check("imports", "TensorFlow and TFX")


def check_kernel_runs() -> Check:
    """Start the kit's kernel as any front end does, and run a cell that needs TensorFlow."""
    from jupyter_client.manager import start_new_kernel  # noqa: PLC0415  # 0.2 s that only this check needs

    try:
        manager, client = start_new_kernel(startup_timeout=DEEP_TIMEOUT_SECONDS, kernel_name=KERNEL)
    except (RuntimeError, OSError, NoSuchKernel) as error:
        return Check("a cell", str(error), ok=False, what_to_do=SET_UP)
    try:
        reply = client.execute_interactive(
            "import tensorflow; assert int(tensorflow.reduce_sum([1, 2])) == 3",
            timeout=DEEP_TIMEOUT_SECONDS,
            output_hook=lambda _: None,
        )["content"]
    except TimeoutError:
        return Check("a cell", f"no answer in {DEEP_TIMEOUT_SECONDS} s", ok=False, what_to_do=SET_UP)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    if reply["status"] != "ok":
        return Check("a cell", f"{reply['ename']}: {reply['evalue']}", ok=False, what_to_do=SET_UP)
    return Check("a cell", f"runs in the kernel {KERNEL}")
