"""Give the environment a private, newer C library where the system's is too old for TFX's wheels.

Runs only on x86_64 Linux with a glibc before 2.38, which in practice is Debian 12 and Ubuntu 22.04. Nothing
outside the checkout is touched and no root is needed:

1. apt itself fetches three packages of the distribution's next suite, with its usual check of signatures,
   keeping all of its state in a private folder;
2. they are unpacked, not installed, into `.venv/glibc`;
3. the environment's links to the interpreter are replaced by a copy whose header names the new loader and
   libraries.

Programs that Python starts, the system's as well as the environment's, are not affected: nothing is set in
os.environ. Remove this file when Debian 12 and Ubuntu 22.04 are out of use.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Sequence
from pathlib import Path

PACKAGES = ("libc6", "libstdc++6", "libgcc-s1")
NEXT_SUITE = {"bookworm": "trixie", "jammy": "noble"}
SOURCES = Path("/etc/apt")
OS_RELEASE = Path("/etc/os-release")
LOADER = "ld-linux-x86-64.so.2"
# Loaded with the interpreter, so that every extension module finds these and not the system's older ones.
PRELOADED = (
    *("libstdc++.so.6", "libgcc_s.so.1", "libm.so.6", "libdl.so.2", "librt.so.1", "libpthread.so.0"),
    *("libresolv.so.2", "libutil.so.1"),
)
# Third parties may carry the same packages; the distribution's own are preferred.
PREFERENCES = "".join(
    f"Package: *\nPin: release o={origin}\nPin-Priority: 990\n\n" for origin in ("Debian", "Ubuntu")
)


def give_private_glibc(venv: Path, final: Path, patchelf: Path, say: Callable[[str], None]) -> None:
    """Put the newer libraries into `venv` and make its interpreter start with them.

    Args:
        venv: an environment whose interpreter is a link; from here on it runs only as `final`.
        final: the path that the environment will be moved to; a loader can only be named by its absolute path.
        patchelf: the program that edits the interpreter's header.
        say: is told what happens.

    Raises:
        SystemExit: with the way out, where the system is not one that this works on, or apt failed.
    """
    codename = read_codename(OS_RELEASE.read_text(encoding="utf-8"))
    tools = all(shutil.which(tool) for tool in ("apt-get", "dpkg-deb"))
    if codename not in NEXT_SUITE or not tools:
        raise SystemExit(
            f"[set-up] TFX's packages need glibc 2.38 or newer; this system ({codename or 'unknown'}) has "
            f"{platform.libc_ver()[1]}. On Debian 12 and Ubuntu 22.04 the set-up gives the environment "
            "a newer one; elsewhere use a newer system (Debian 13, Ubuntu 24.04, RHEL 10) or a container."
        )
    suite = NEXT_SUITE[codename]
    say(f"the system's glibc is older than 2.38: putting {', '.join(PACKAGES)} of {suite} into .venv/glibc")
    downloads = venv / "glibc-packages"
    for package in _download(suite, codename, downloads):
        _run(["dpkg-deb", "-x", package, venv / "glibc"])
    shutil.rmtree(downloads)
    _replace_interpreter(venv, final, patchelf)


def read_codename(os_release: str) -> str:
    """Return the suite's name; a derivative of Ubuntu names Ubuntu's beside its own."""
    facts = dict(line.split("=", 1) for line in os_release.splitlines() if "=" in line)
    return facts.get("UBUNTU_CODENAME", facts.get("VERSION_CODENAME", "")).strip('"')


def _download(suite: str, codename: str, folder: Path) -> list[Path]:
    for name in ("lists/partial", "archives/partial", "sources"):
        (folder / name).mkdir(parents=True)
    (folder / "status").touch()
    (folder / "preferences").write_text(PREFERENCES, encoding="utf-8")
    write_sources(SOURCES, folder / "sources", codename, suite)
    settings = {
        "Dir::State": folder,
        "Dir::State::status": folder / "status",
        "Dir::Cache": folder,
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": folder / "sources",
        "Dir::Etc::preferences": folder / "preferences",
        "Dir::Etc::preferencesparts": "/dev/null",
        "Acquire::Languages": "none",  # no translated descriptions
        "APT::Sandbox::User": "",  # the folder belongs to whoever runs this
    }
    apt = ["apt-get", "-qq", *(f"-o{name}={value}" for name, value in settings.items())]
    # Not checked: a third party without the new suite is no reason to stop.
    _run([*apt, "update"], cwd=folder, check=False)
    try:
        _run([*apt, "download", *PACKAGES], cwd=folder)
    except subprocess.CalledProcessError:
        raise SystemExit(
            f"[set-up] apt must be able to fetch {', '.join(PACKAGES)} of {suite}; what it said is above. "
            "Check the network and the sources in /etc/apt; if a key is missing, update the package "
            "debian-archive-keyring or ubuntu-keyring. Then run the same command again."
        ) from None
    return sorted(folder.glob("*.deb"))


def write_sources(apt: Path, folder: Path, codename: str, suite: str) -> None:
    """Write the machine's own sources of the suite and its updates with the suite renamed, Signed-By and all.

    Both of apt's formats are read: one line a source (`.list`) and paragraphs (`.sources`). Sources that do
    not name the suite as a word of its own or as `<suite>-updates` and `<suite>-security` are left out.
    """
    wanted = re.compile(rf"(?<![\w./-]){codename}(?=-updates\b|-security\b|/updates\b|\s|$)")
    for path in [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))]:
        if path.suffix not in {".list", ".sources"} or not path.is_file():
            continue
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
        separator = "\n\n" if path.suffix == ".sources" else "\n"
        kept = [source for source in "\n".join(lines).split(separator) if wanted.search(source)]
        if kept:
            text = separator.join(wanted.sub(suite, source) for source in kept)
            (folder / path.name).write_text(text + "\n", encoding="utf-8")


def _replace_interpreter(venv: Path, final: Path, patchelf: Path) -> None:
    libraries = venv / "glibc"
    loader = next(libraries.rglob(LOADER))
    folders = {path.parent for name in ("libc.so.6", "libstdc++.so.6") for path in libraries.rglob(name)}
    search = [str(final / folder.relative_to(venv)) for folder in sorted(folders)]
    search.append(sysconfig.get_config_var("LIBDIR"))  # of libpython, where it is a shared library
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    binary = venv / "bin" / f"python{version}"
    for link in (venv / "bin").glob("python*"):
        link.unlink()
    shutil.copyfile(os.path.realpath(sys.executable), binary)
    binary.chmod(0o755)
    needed = [word for name in PRELOADED for word in ("--add-needed", name)]
    _run([patchelf, *needed, binary])
    starts_with = str(final / loader.relative_to(venv))
    _run([patchelf, "--set-interpreter", starts_with, binary])
    _run([patchelf, "--force-rpath", "--set-rpath", ":".join(search), binary])
    for name in ("python", "python3"):
        (venv / "bin" / name).symlink_to(binary.name)


def _run(command: Sequence[str | Path], cwd: Path | None = None, *, check: bool = True) -> None:
    # apt and dpkg report to standard output too, which belongs to the command that make runs next.
    subprocess.run([str(word) for word in command], check=check, cwd=cwd, stdout=sys.stderr)
