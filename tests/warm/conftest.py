"""Warm processes of the tests' own: one with few imports for most, one with all for what needs TensorFlow."""

from __future__ import annotations

import os
import shutil
import tempfile
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


@pytest.fixture
def kernelspecs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Jupyter find the kernelspec of this checkout under the name `kit`."""
    shutil.copytree(KERNELSPEC, tmp_path / "jupyter" / "kernels" / "kit")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
