"""Every command of the README works in a fresh clone, every link leads somewhere, every picture is there."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import click
import pytest
from typer.main import get_command
from waiting import wait_until

from kit.cli import app
from kit.errors import ExitCode

CHECKOUT = Path(__file__).resolve().parents[1]
README = (CHECKOUT / "README.md").read_text()
COMMANDS = [
    line.split("#")[0].strip()
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
    if line.strip()
]
SERVERS = ("make lab",)  # these run until they are stopped


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of what is committed, with the file that a reader brings."""
    folder = tmp_path_factory.mktemp("readme") / "clone"
    subprocess.run(["git", "clone", "--quiet", CHECKOUT, folder], check=True)
    rows = [f"{row % 90},{'abc'[row % 3]},{'yes' if row % 90 > 40 else 'no'}" for row in range(900)]
    (folder / "customers.csv").write_text("\n".join(["age,plan,churned", *rows]) + "\n")
    return folder


def environment() -> dict[str, str]:
    """The environment of somebody who has not activated this one, and whom no other make has started."""
    ours = {"VIRTUAL_ENV", "MAKEFLAGS", "MAKEOVERRIDES", "MFLAGS", "MAKELEVEL", "ARGS", "JOBS"}
    return {name: value for name, value in os.environ.items() if name not in ours}


def test_there_are_commands() -> None:
    assert len(COMMANDS) >= 8
    assert COMMANDS[:2] == ["make lab", "make run"]


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_every_command_works_in_a_fresh_clone(clone: Path) -> None:
    for command in COMMANDS:
        if command in SERVERS:
            serve(command, clone)
            continue
        done = subprocess.run(
            shlex.split(command), cwd=clone, env=environment(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    assert list((clone / "workspace/serving/recommender").glob("*/saved_model.pb"))
    assert list((clone / "workspace/serving/churn").glob("*/saved_model.pb"))


def serve(command: str, clone: Path) -> None:
    """Start a server, wait for the address that it prints, and end it as Ctrl-C does."""
    words = [*shlex.split(command), "ARGS=--no-browser --port=0"]
    log = clone / "server.log"
    # A shell lets what it starts in the background ignore Ctrl-C, and so would this.
    usual = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with log.open("wb") as file:
            process = subprocess.Popen(
                words, cwd=clone, env=environment(), stdout=file, stderr=file, start_new_session=True
            )
    finally:
        signal.signal(signal.SIGINT, usual)
    wait_until(
        lambda: "http://localhost:" in log.read_text() or process.poll() is not None, 600, log.read_text
    )
    assert process.poll() is None, log.read_text()
    for _ in range(2):  # the second one answers JupyterLab's question
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(1)
    process.wait(30)


def test_every_make_target_that_it_names_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (CHECKOUT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`?make ([a-z]+)", README)) <= targets
    assert "make test" in (CHECKOUT / ".ci" / "run").read_text()


def test_every_command_that_it_names_exists() -> None:
    in_prose = re.findall(r"`kit\s+([a-z][^`]*)`", README)
    in_blocks = [command.removeprefix(".venv/bin/kit ") for command in COMMANDS if "/kit " in command]
    assert min(len(in_prose), len(in_blocks)) > 10
    for words in [*in_prose, *in_blocks]:
        found: Any = get_command(app)
        for word in words.split():
            if not isinstance(found, click.Group) or word.startswith("-"):
                break
            assert word in found.commands, words
            found = found.commands[word]


def test_it_lists_every_exit_code_and_every_notebook() -> None:
    codes = re.findall(r"^\| (\d+) \| .+ \| (\d+) \|", README, re.MULTILINE)
    assert {int(code) for pair in codes for code in pair} == set(ExitCode)
    listed = re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE)
    assert sorted(listed) == sorted(path.stem for path in (CHECKOUT / "notebooks").glob("*.ipynb"))


def test_every_link_and_picture_is_there() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", README):
        assert target.startswith("https://") or (CHECKOUT / target).is_file(), target


def test_every_path_that_it_names_exists() -> None:
    made_later = ("workspace/",)
    for name in re.findall(r"^\| `([\w./]+)`", README, re.MULTILINE):
        if not name.startswith(made_later):
            assert (CHECKOUT / name).exists() or (CHECKOUT / "notebooks" / f"{name}.ipynb").exists(), name
