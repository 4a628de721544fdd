from __future__ import annotations

import socket
import sys
import webbrowser
from collections import namedtuple
from importlib import metadata
from pathlib import Path

import pytest
from imports import imported_by
from rich.console import Console

from kit import doctor
from kit.doctor import Check
from kit.setup.locked import Pin

HEAVY = {"tensorflow", "tfx", "tensorflow_data_validation", "apache_beam"}


def printed(checks: list[Check]) -> tuple[int, str]:
    console = Console(width=200)
    with console.capture() as capture:
        code = doctor.render(checks, console)
    return code, capture.get()


def test_this_environment_is_healthy(tmp_path: Path) -> None:
    checks = doctor.check(deep=False, workspace=tmp_path / "workspace")
    failing = [
        one for one in checks if one.needed and not one.ok and one.name not in {"environment", "free memory"}
    ]
    assert failing == []
    assert {"Python", "tensorflow", "tfx", "kernel", "other packages"} <= {one.name for one in checks}
    assert list(tmp_path.iterdir()) == []


def test_nothing_heavy_is_imported() -> None:
    modules, _ = imported_by("import kit.doctor")
    assert not HEAVY & modules


def test_hint_does_not_fail_and_failure_does() -> None:
    hint = Check("browser", "none", ok=False, what_to_do="open the address", needed=False)
    broken = Check("tfx", "1.20.0", ok=False, what_to_do="1.21.0 is locked")
    assert printed([Check("Python", "3.12.1"), hint])[0] == 0
    code, text = printed([hint, broken])
    assert code == 1
    assert "FAILS" in text
    assert "1.21.0 is locked" in text
    assert "open the address" in text


def test_a_lock_that_was_made_for_other_dependencies_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.check_lock().ok
    monkeypatch.setattr(doctor, "read_digest", lambda: "0123")
    assert not doctor.check_lock().ok
    assert "make lock" in printed([doctor.check_lock()])[1]


def test_wrong_and_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    pins = [
        Pin("rich", "0.1", "", ()),
        Pin("no-such-package", "1.0", "", ()),
        Pin("tfx", metadata.version("tfx"), "", ()),
        Pin("pytest", metadata.version("pytest"), "", ()),
        Pin("also-not-here", "1.0", "sys_platform == 'never'", ()),
    ]
    monkeypatch.setattr(doctor, "read_lock", lambda: pins)
    found = {one.name: one for one in doctor.check_packages()}
    assert found["rich"].what_to_do == "0.1 is locked: run `make setup`"
    assert found["no-such-package"].found == "missing"
    assert found["tfx"].ok
    assert found["other packages"].found == "1 as in requirements.lock"
    assert len(found) == 4


def test_a_python_out_of_range_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kit.doctor.platform.python_version", lambda: "3.14.0")
    assert not doctor.check_python().ok


@pytest.mark.parametrize(("version", "ok"), [("2.36", False), ("2.38", True), ("2.41", True)])
def test_a_glibc_before_2_38_fails(version: str, ok: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kit.doctor.platform.system", lambda: "Linux")
    monkeypatch.setattr("kit.doctor.platform.libc_ver", lambda: ("glibc", version))
    assert doctor.check_libc().ok is ok


def test_mac_needs_no_glibc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kit.doctor.platform.system", lambda: "Darwin")
    monkeypatch.setattr("kit.doctor.platform.libc_ver", lambda: ("", ""))
    assert doctor.check_libc().ok


def test_changed_lock_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "VENV", Path(sys.prefix))
    monkeypatch.setattr(doctor, "is_current", lambda: False)
    assert doctor.check_set_up().what_to_do == "requirements.lock has changed: run `make setup`"


def test_a_missing_kernel_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "KERNEL", "no-such-kernel")
    assert doctor.check_kernel().found == "no kernelspec no-such-kernel"


def test_a_missing_provisioner_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "PROVISIONER", "no-such-provisioner")
    assert not doctor.check_kernel().ok


@pytest.mark.parametrize(
    ("free_bytes", "ok", "needed"), [(0.5e9, False, True), (3e9, False, False), (50e9, True, False)]
)
def test_a_full_disk_fails_and_one_with_little_room_is_a_hint(
    free_bytes: float, ok: bool, needed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "free")  # noqa: PYI024  # as shutil's own
    monkeypatch.setattr("kit.doctor.shutil.disk_usage", lambda _: usage(free_bytes))
    found = doctor.check_disk(Path("/no/such/folder"))
    assert (found.ok, found.needed) == (ok, needed)


def test_workspace_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("kit.doctor.tempfile.TemporaryFile", refuse)
    found = doctor.check_workspace(tmp_path / "workspace")
    assert found.found == f"{tmp_path}: permission denied"
    assert not found.ok


def test_port_in_use_is_a_hint() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        doctor.PORTS[port] = "the test"
        try:
            found = doctor.check_port(port)
        finally:
            del doctor.PORTS[port]
    assert (found.ok, found.needed, found.what_to_do) == (False, False, "the test takes the next free one")


def test_in_a_notebook_the_jupyterlab_that_shows_it_is_no_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        monkeypatch.setitem(doctor.PORTS, port, "JupyterLab")
        found = doctor.check_port(port, in_notebook=True)
        assert (found.state, found.found) == ("ok", "in use, as JupyterLab runs")
        monkeypatch.setitem(doctor.PORTS, port, "TensorBoard")
        assert doctor.check_port(port, in_notebook=True).state == "warn"
    assert doctor.check_browser(in_notebook=True).state == "ok"


def test_no_browser_is_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> None:
        raise webbrowser.Error

    monkeypatch.setattr("kit.doctor.webbrowser.get", none)
    assert not doctor.check_browser().needed


def test_import_that_fails_is_shown_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_IMPORTS", "import no_such_module")
    assert doctor.check_imports().found == "ModuleNotFoundError: No module named 'no_such_module'"


@pytest.mark.slow
def test_deep_examination_imports_and_runs_a_cell() -> None:
    assert doctor.check_imports().ok
    assert doctor.check_kernel_runs().ok
