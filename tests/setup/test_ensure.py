"""kit/setup/ensure.sh: which Python makes the environment."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from kit.setup.environment import is_current
from kit.setup.locked import CHECKOUT

ENSURE = CHECKOUT / "kit" / "setup" / "ensure.sh"
# Answers the probe like an interpreter that suits, and otherwise says what it was started with.
SUITS = '#!/bin/sh\ncase "$*" in *_base_executable*) echo "$0" ;; *) echo "started $0 with $*" ;; esac\n'
REFUSES = "#!/bin/sh\necho 'pyenv: command not found' >&2\nexit 127\n"
TOO_OLD = "#!/bin/sh\necho 'is Python 3.9' >&2\nexit 1\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout without an environment, and a PATH with nothing but the system's tools on it."""
    script = tmp_path / "kit" / "setup" / "ensure.sh"
    script.parent.mkdir(parents=True)
    script.write_text(ENSURE.read_text())
    (tmp_path / "bin").mkdir()
    for tool in ("sh", "dirname", "head", "cat"):
        (tmp_path / "bin" / tool).symlink_to(
            f"/bin/{tool}" if Path(f"/bin/{tool}").exists() else f"/usr/bin/{tool}"
        )
    return tmp_path


def put(checkout: Path, name: str, script: str) -> Path:
    path = checkout / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(script)
    path.chmod(0o755)
    return path


def ensure(checkout: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": str(checkout / "bin"), "HOME": str(checkout), **variables}
    command = ["/bin/sh", str(checkout / "kit" / "setup" / "ensure.sh"), *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_names_that_refuse_to_run_are_passed_over(checkout: Path) -> None:
    put(checkout, "bin/python3.12", REFUSES)
    put(checkout, "bin/python3.13", TOO_OLD)
    chosen = put(checkout, "bin/python3.11", SUITS)
    done = ensure(checkout)
    assert done.stdout == f"started {chosen} with -E -s -m kit.setup.environment\n"


def test_a_version_manager_s_312_comes_before_313_on_path(checkout: Path) -> None:
    put(checkout, "bin/python3.13", SUITS)
    chosen = put(checkout, ".pyenv/versions/3.12.1/bin/python", SUITS)
    assert ensure(checkout).stdout.startswith(f"started {chosen} ")


def test_kit_python_may_have_spaces_and_is_the_only_one_tried(checkout: Path) -> None:
    put(checkout, "bin/python3.12", SUITS)
    chosen = put(checkout, "my pythons/python3.13", SUITS)
    assert ensure(checkout, KIT_PYTHON=str(chosen)).stdout.startswith(f"started {chosen} ")
    refused = ensure(checkout, KIT_PYTHON=str(put(checkout, "old", TOO_OLD)))
    assert refused.returncode == 2
    assert "old: is Python 3.9" in refused.stderr


def test_none_found_says_what_was_tried_and_what_to_do(checkout: Path) -> None:
    assert "Found: none" in ensure(checkout).stderr
    put(checkout, "bin/python3.12", REFUSES)
    done = ensure(checkout)
    assert done.returncode == 2
    assert "Python 3.11, 3.12 or 3.13 is needed" in done.stderr
    assert "python3.12: pyenv: command not found" in done.stderr
    assert "KIT_PYTHON=/path/to/python3.12 make" in done.stderr


def test_current_environment_ends_it_at_once(checkout: Path) -> None:
    put(checkout, ".venv/bin/python", "#!/bin/sh\nexit 0\n")
    done = ensure(checkout)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_environment_that_does_not_start_is_made_again(checkout: Path) -> None:
    put(checkout, ".venv/bin/python", "#!/nowhere/loader\n")
    chosen = put(checkout, "bin/python3.12", SUITS)
    assert ensure(checkout).stdout.startswith(f"started {chosen} ")


def test_lock_is_another_task_of_the_same_python(checkout: Path) -> None:
    put(checkout, ".venv/bin/python", "#!/bin/sh\nexit 0\n")
    chosen = put(checkout, "bin/python3.12", SUITS)
    assert ensure(checkout, "lock").stdout == f"started {chosen} with -E -s -m kit.setup.lock\n"


@pytest.mark.skipif(not is_current(), reason="make setup has something to do")
def test_nothing_changed_costs_less_than_a_second() -> None:
    variables = {name: value for name, value in os.environ.items() if name != "KIT_PYTHON"}
    subprocess.run([ENSURE], check=True, timeout=1, env=variables)
