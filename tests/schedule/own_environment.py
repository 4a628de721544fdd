"""Environments of their own for programs that the kit writes for, and does not have among its packages."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kit.workspace import CHECKOUT

_UV = CHECKOUT / ".setup/tools/bin/uv"


def install(folder: Path, requirement: str) -> Path:
    """Return the folder of programs of a new environment; the test is skipped where it cannot be made."""
    if not _UV.is_file():
        pytest.skip(
            f"the set-up's uv is not there, so {requirement} was not installed and nothing of it was tested"
        )
    subprocess.run([str(_UV), "venv", "--quiet", "--python", sys.executable, str(folder)], check=True)
    python = folder / "bin/python"
    command = [str(_UV), "pip", "install", "--quiet", "--python", str(python), requirement]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        pytest.skip(
            f"{requirement} cannot be installed, so nothing of it was tested: {done.stderr.strip()[-500:]}"
        )
    return folder / "bin"


def clean(**more: str) -> dict[str, str]:
    """Return this process's environment without what is meant for its own Python."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")} | more
