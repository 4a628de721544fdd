"""Warm processes of the tests' own: one with few imports for most, one with all for what needs TensorFlow."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import kit.warm
from kit import warm

if TYPE_CHECKING:
    from collections.abc import Iterator

    Environ = dict[str, str]

KERNELSPEC = Path(kit.warm.__file__).parent / "kernelspec"


@pytest.fixture(scope="session")
def warm_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="kw-"))  # short: the path of a socket has at most 103 bytes
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def full(warm_folder: Path) -> Iterator[Environ]:
    """Return an environment whose warm process has imported all that the kit's has."""
    environ = {**os.environ, "KIT_WARM": "on", "KIT_WARM_DIR": str(warm_folder)}
    for name in ("KIT_WARM_MODULES", "PYTEST_CURRENT_TEST"):  # ipykernel behaves differently under pytest
        environ.pop(name, None)
    yield environ
    warm.stop(environ)


@pytest.fixture(scope="session")
def light(full: Environ) -> Iterator[Environ]:
    """Return an environment whose warm process starts in a second."""
    environ = {**full, "KIT_WARM_MODULES": "numpy,ipykernel.kernelapp"}
    yield environ
    warm.stop(environ)


@pytest.fixture
def own(light: Environ) -> Iterator[Environ]:
    """Return an environment whose warm process no other test uses."""
    folder = Path(tempfile.mkdtemp(prefix="kw-"))
    environ = {**light, "KIT_WARM_DIR": str(folder), "KIT_WARM_MODULES": "json"}
    yield environ
    warm.stop(environ)
    shutil.rmtree(folder)


def gone(pid: int, timeout_seconds: float = 30) -> bool:
    """Wait until a process has ended; a zombie that its parent does not reap has ended, too."""
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        try:
            if (Path("/proc") / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):  # it may end between opening and reading
            return True
        time.sleep(0.02)
    return False


@pytest.fixture
def kernelspecs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Jupyter find the kernelspec of this checkout under the name `kit`."""
    shutil.copytree(KERNELSPEC, tmp_path / "jupyter" / "kernels" / "kit")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
