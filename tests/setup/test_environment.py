from __future__ import annotations

import ast
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import threading
from pathlib import Path

import pytest
from waiting import wait_until

from kit.setup import environment
from kit.setup.locked import CHECKOUT

SETUP = CHECKOUT / "kit" / "setup"
SOURCES = sorted(SETUP.glob("*.py"))


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point the set-up to an empty folder."""
    private = tmp_path / ".setup"
    monkeypatch.setattr(environment, "CHECKOUT", tmp_path)
    monkeypatch.setattr(environment, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(environment, "PRIVATE", private)
    monkeypatch.setattr(environment, "NEW", private / "new")
    shutil.copytree(CHECKOUT / "kit" / "warm" / "kernelspec", tmp_path / "kit" / "warm" / "kernelspec")
    return tmp_path


def make_new(version: str) -> None:
    environment.NEW.mkdir(parents=True)
    (environment.NEW / "version").write_text(version)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_set_up_needs_the_standard_library_alone(path: Path) -> None:
    imported = {
        name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        )
    }
    outside = {name for name in imported if name.split(".")[0] not in sys.stdlib_module_names}
    assert {name for name in outside if not name.startswith("kit.setup")} == set()


def test_environment_is_current_only_with_its_stamp(checkout: Path) -> None:
    assert not environment.is_current()
    make_new("first")
    environment.put_in_place()
    assert environment.is_current()
    (checkout / ".venv" / environment.STAMP).write_text("damaged")
    assert not environment.is_current()


def test_changed_kernelspec_makes_it_stale(checkout: Path) -> None:
    make_new("first")
    environment.put_in_place()
    (checkout / "kit" / "warm" / "kernelspec" / "kernel.json").write_text("{}")
    assert not environment.is_current()


def test_another_python_is_wanted(checkout: Path) -> None:
    make_new("first")
    environment.put_in_place()
    assert environment.is_current(os.path.realpath(sys.executable))
    assert not environment.is_current("/elsewhere/python3.13")
    assert (checkout / ".venv" / "version").read_text() == "first"


def test_new_environment_replaces_the_former_as_a_whole(checkout: Path) -> None:
    for version in ("first", "second"):
        make_new(version)
        environment.put_in_place()
    assert (checkout / ".venv" / "version").read_text() == "second"
    assert sorted(path.name for path in (checkout / ".setup").iterdir()) == []


def test_link_in_the_way_is_removed_and_its_target_kept(checkout: Path, tmp_path: Path) -> None:
    target = tmp_path / "kept"
    target.mkdir()
    (checkout / ".venv").symlink_to(target)
    make_new("first")
    environment.put_in_place()
    assert target.is_dir()
    assert not (checkout / ".venv").is_symlink()


def test_failed_tool_leaves_the_former_environment(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_new("first")
    environment.put_in_place()
    (checkout / ".venv" / environment.STAMP).write_text("older")

    def fail() -> Path:
        environment.run([sys.executable, "-c", "import sys; sys.exit(7)"])
        raise AssertionError

    monkeypatch.setattr(environment, "install_tools", fail)
    with pytest.raises(SystemExit, match=r"exit code 7.*No environment was changed"):
        environment.main()
    assert (checkout / ".venv" / "version").read_text() == "first"


@pytest.mark.usefixtures("checkout")
def test_second_set_up_waits_for_the_first(capfd: pytest.CaptureFixture[str]) -> None:
    order: list[str] = []

    def second() -> None:
        with environment.only_one_set_up():
            order.append("second")

    with environment.only_one_set_up():
        thread = threading.Thread(target=second)
        thread.start()
        wait_until(lambda: "waiting" in capfd.readouterr().err)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_dead_holder_frees_the_lock(checkout: Path, capfd: pytest.CaptureFixture[str]) -> None:
    hold = """
import os, pathlib, sys
from kit.setup import environment
environment.PRIVATE = pathlib.Path(sys.argv[1])
with environment.only_one_set_up():
    os.kill(os.getpid(), 9)
"""
    died = subprocess.run([sys.executable, "-c", hold, checkout / ".setup"], cwd=CHECKOUT, check=False)
    assert died.returncode == -9
    with environment.only_one_set_up():
        assert "waiting" not in capfd.readouterr().err


def test_output_of_tools_is_passed_on_without_a_line_a_package(
    checkout: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert checkout.is_dir()
    says = r"import sys; sys.stderr.write('Resolved 2\n + one==1\n + two==2\nInstalled 2\n')"
    environment.run([sys.executable, "-c", says])
    assert capfd.readouterr().err == "[set-up]   Resolved 2\n[set-up]   Installed 2\n"


def test_bytecode_is_written_whatever_the_caller_wants(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    says = "import sys; sys.exit(sys.dont_write_bytecode)"
    environment.run([sys.executable, "-c", says])
    assert checkout.is_dir()


@pytest.mark.parametrize(
    ("system", "machine", "libc"),
    [
        ("Linux", "aarch64", "glibc"),
        ("Linux", "x86_64", ""),
        ("Darwin", "x86_64", ""),
        ("Windows", "AMD64", ""),
    ],
    ids=["arm", "musl", "intel-mac", "windows"],
)
def test_systems_without_wheels_are_told_so(
    system: str, machine: str, libc: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(platform, "libc_ver", lambda: (libc, "2.40"))
    with pytest.raises(SystemExit, match=f"exist for Linux.*{system}, {machine}.*Use such a machine"):
        environment.check_machine()


@pytest.mark.parametrize(
    ("libc", "expected"),
    [(("glibc", "2.36"), True), (("glibc", "2.38"), False), (("glibc", "3.1"), False), (("", ""), False)],
)
def test_a_glibc_before_2_38_is_old(
    libc: tuple[str, str], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "libc_ver", lambda: libc)
    assert environment.has_old_glibc() is expected


def test_this_environment_has_bytecode_and_starts_children_of_its_own() -> None:
    tfx = Path(sysconfig.get_path("purelib")) / "tfx"
    assert list((tfx / "__pycache__").glob("*.pyc"))
    ask = "import os, sys; print(sys.prefix, os.confstr('CS_GNU_LIBC_VERSION') if sys.platform == 'linux' else '')"
    child = subprocess.run(
        [sys.executable, "-c", ask], check=True, capture_output=True, text=True
    ).stdout.split()
    assert child[0] == sys.prefix
    if sys.platform == "linux":
        assert tuple(map(int, child[-1].split("."))) >= environment.NEEDED_GLIBC


def test_the_minutes_that_compiling_takes_are_told_of_before(capsys: pytest.CaptureFixture[str]) -> None:
    """Between the line of the installed packages and that of their bytecode uv says nothing."""
    lines = (
        "Resolved 3 packages",
        "Installed 3 packages in 1s",
        " + one==1",
        "Bytecode compiled 9 files in 99s",
    )
    says = "import sys; sys.stderr.write(sys.argv[1])"
    environment.run([sys.executable, "-c", says, "\n".join(lines) + "\n", "--compile-bytecode"])
    said = capsys.readouterr().err.splitlines()
    assert [line for line in said if "compiling their bytecode" in line] == [said[2]]
