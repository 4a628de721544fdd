"""The address of the warm process that belongs to this user and environment.

Two processes may share a warm process only when an interpreter started by either would be the same. The
socket is therefore named by a fingerprint of all that an interpreter reads while it starts and imports: the
installed packages, the sources of this package, Keras's settings, the environment variables that later
changes of `os.environ` cannot undo, and the niceness and the hard limits of resources, which a process cannot
bring back.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
import sysconfig
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kit.warm.errors import WarmUnavailableError
from kit.warm.resource_limits import current_limits

ROOT = Path(__file__).resolve().parents[2]
"""The folder that `kit` is imported from."""

DEFAULTS = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_USE_LEGACY_KERAS": "1"}
"""Set in the warm process unless the caller sets them: quiet C++ logs, and what importing
tensorflow_transform.keras_lib sets."""

READ_AT_IMPORT = (
    *DEFAULTS,
    "TF_CPP_MAX_VLOG_LEVEL",
    "TF_ENABLE_ONEDNN_OPTS",
    "TF_XLA_FLAGS",
    "XLA_FLAGS",
    "KERAS_BACKEND",
    "KERAS_HOME",
    "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "OPENBLAS_CORETYPE",
    "OPENBLAS_L2_SIZE",
    "ARROW_DEFAULT_MEMORY_POOL",
    "ANYWIDGET_HMR",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "KIT_WARM_MODULES",
)
"""Cannot change in a process that has imported the libraries, as all of Python's own (`PYTHON…`)."""

_PER_CHILD = ("PYTHONPATH", "PYTHONSTARTUP")
"""Python's own variables that a child honours by itself, so that they may differ between children."""

_KERAS_DEFAULTS = {
    "floatx": "float32",
    "epsilon": 1e-07,
    "backend": "tensorflow",
    "image_data_format": "channels_last",
}
_IDLE_SECONDS = 30 * 60
_MAX_SOCKET_PATH = 103  # bytes in sockaddr_un.sun_path without its final zero: 107 on Linux, 103 on macOS


@dataclass(frozen=True)
class Address:
    """The files of one warm process, all in a folder that only its user can enter."""

    folder: Path
    fingerprint: str

    @property
    def socket(self) -> Path:
        """The listening Unix socket."""
        return self.folder / f"{self.fingerprint}.sock"

    @property
    def log(self) -> Path:
        """What the warm process itself prints; removed when it ends in order."""
        return self.folder / f"{self.fingerprint}.log"

    @property
    def lock(self) -> Path:
        """Held while a warm process is started, by whoever starts it."""
        return self.folder / "start.lock"


def address_of(environ: Mapping[str, str]) -> Address:
    """Return the address for processes with these environment variables.

    Raises:
        WarmUnavailableError: when the folder cannot be made, is not private, or has too long a path.
    """
    address = Address(_private(folder_of(environ)), fingerprint_of(environ))
    if len(os.fsencode(address.socket)) > _MAX_SOCKET_PATH:
        raise WarmUnavailableError(
            f"the path of its socket must have at most {_MAX_SOCKET_PATH} bytes",
            f"{address.socket} is longer",
            "set KIT_WARM_DIR to a folder with a shorter path",
        )
    return address


def import_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables and values that are fixed once an interpreter has imported the libraries."""
    chosen = {
        name: value
        for name, value in environ.items()
        if name in READ_AT_IMPORT or (name.startswith("PYTHON") and name not in _PER_CHILD)
    }
    return DEFAULTS | chosen


def fingerprint_of(environ: Mapping[str, str]) -> str:
    """Return 16 hexadecimal digits that change with interpreter, packages, this package, variables, or limits."""
    digest = hashlib.sha256(repr((sys.prefix, sys.version)).encode())
    for folder in sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}):
        with os.scandir(folder) as entries:
            packages = [(e.name, e.stat().st_mtime_ns) for e in entries if e.name.endswith(".dist-info")]
        digest.update(repr(sorted(packages)).encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    digest.update(repr(sorted(import_variables(environ).items())).encode())
    digest.update(repr(sorted(_keras_settings(environ).items())).encode())
    digest.update(repr(os.getpriority(os.PRIO_PROCESS, 0)).encode())  # a child cannot have a better one
    digest.update(repr([hard for _, hard in current_limits().values()]).encode())  # nor higher ones
    return digest.hexdigest()[:16]


def _keras_settings(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return what keras.json sets that is not Keras's default, which Keras writes where there is no such file."""
    home = environ.get("KERAS_HOME") or Path(environ.get("HOME") or Path.home()) / ".keras"
    try:
        found = json.loads((Path(home) / "keras.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {k: v for k, v in found.items() if _KERAS_DEFAULTS.get(k) != v} if isinstance(found, dict) else {}


def idle_seconds(environ: Mapping[str, str]) -> float:
    """Return how long a warm process without children stays.

    Raises:
        WarmUnavailableError: when KIT_WARM_IDLE_SECONDS is not such a number.
    """
    chosen = environ.get("KIT_WARM_IDLE_SECONDS", _IDLE_SECONDS)
    try:
        seconds = float(chosen)
    except ValueError:
        seconds = -1.0
    if not seconds >= 0:  # NaN is not either
        raise WarmUnavailableError(
            "KIT_WARM_IDLE_SECONDS must be 0 or more seconds", f"it is {chosen!r}", "correct or unset it"
        )
    return seconds


def folder_of(environ: Mapping[str, str]) -> Path:
    """Return the folder of the sockets; it need not exist."""
    if chosen := environ.get("KIT_WARM_DIR"):
        return Path(chosen).absolute()
    if runtime := environ.get("XDG_RUNTIME_DIR"):
        return Path(runtime) / "kit-warm"
    return Path(tempfile.gettempdir()) / f"kit-warm-{os.getuid()}"


def _private(folder: Path) -> Path:
    """Make the folder, or make sure that nobody else could have put something into it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise WarmUnavailableError(
            f"the folder {folder} must be usable", str(error), "set KIT_WARM_DIR to another folder"
        ) from error
    private = (
        stat.S_ISDIR(found.st_mode)
        and found.st_uid == os.getuid()
        and not stat.S_IMODE(found.st_mode) & 0o077
    )
    if not private:
        raise WarmUnavailableError(
            f"the folder {folder} must be your own, with mode 700",
            f"it has owner {found.st_uid} and mode {stat.S_IMODE(found.st_mode):o}",
            "correct that, or set KIT_WARM_DIR to another folder",
        )
    return folder
