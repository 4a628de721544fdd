from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from processes import wait_until_ended
from waiting import wait_until

from kit import warm
from kit.warm import CallReturned, WarmUnavailableError, client
from kit.warm.address import address_of, fingerprint_of, folder_of, import_variables

from . import targets


def run(function: str, environ: dict[str, str], log: Path) -> bytes:
    outcome = warm.start_call(f"{targets.__name__}:{function}", b"", log_path=log, env=environ).wait(120)
    assert isinstance(outcome, CallReturned), outcome
    return outcome.result


def test_the_warm_process_runs_no_op_and_its_children_can(full: dict[str, str], tmp_path: Path) -> None:
    """One op in the parent, and its children would hang at their first."""
    log = tmp_path / "log"
    assert run("eager_context", full, log) == b"None"
    for _ in range(10):
        assert run("matmul", full, log) == b"27000000.0"
    assert run("eager_context", full, log) == b"None"
    status = warm.status(full)
    assert status is not None
    assert status["tensorflow_has_run"] is False
    assert "tensorflow" in status["import_seconds"]


def test_children_have_the_kit_too_unless_they_would_find_another(
    full: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deadline = time.monotonic() + 120
    while not (warm.status(full) or {}).get("has_own_modules"):
        warm.start(full)
        assert time.monotonic() < deadline
        time.sleep(0.2)
    ours = {"kit.session", "kit.evaluation.local.step", "kit.training.run_fn", "widgets.steps"}
    assert ours <= set(run("loaded", full, tmp_path / "log").decode().split("\n"))
    (tmp_path / "widgets").mkdir()
    (tmp_path / "widgets" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    assert not ours & set(run("loaded", full, tmp_path / "log").decode().split("\n"))


def test_one_warm_process_however_many_ask_first(own: dict[str, str], tmp_path: Path) -> None:
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda n: run("describe", own, tmp_path / f"{n}"), range(6)))
    assert len(results) == 6
    assert [path.suffix for path in Path(own["KIT_WARM_DIR"]).iterdir()].count(".sock") == 1


def test_stop_leaves_nothing(own: dict[str, str], tmp_path: Path) -> None:
    child = warm.start_call(f"{targets.__name__}:sleep_with_helper", b"", log_path=tmp_path / "log", env=own)
    status = warm.status(own)
    assert status is not None
    assert warm.stop(own)
    assert child.wait(10) is not None
    wait_until_ended(child.pid)
    wait_until_ended(status["pid"])
    assert [path.name for path in Path(own["KIT_WARM_DIR"]).iterdir()] == ["start.lock"]
    assert not warm.stop(own)


def test_ends_when_idle(own: dict[str, str]) -> None:
    environ = {**own, "KIT_WARM_IDLE_SECONDS": "0.5"}
    warm.start(environ)
    wait_until(lambda: not list(Path(own["KIT_WARM_DIR"]).glob("*.sock")), 10)
    assert warm.status(environ) is None


@pytest.mark.parametrize("seconds", ["abc", "-1", "nan", ""])
def test_an_idle_time_that_is_none_is_told_and_leaves_nothing(own: dict[str, str], seconds: str) -> None:
    environ = {**own, "KIT_WARM_IDLE_SECONDS": seconds}
    with pytest.raises(WarmUnavailableError, match=f"must be 0 or more seconds; but it is '{seconds}'"):
        warm.start(environ)
    assert [path.name for path in Path(own["KIT_WARM_DIR"]).iterdir()] == ["start.lock"]


def test_one_that_is_never_idle_serves_its_first_client(own: dict[str, str], tmp_path: Path) -> None:
    environ = {**own, "KIT_WARM_IDLE_SECONDS": "0"}
    said: list[str] = []
    with warm.start_call(
        f"{targets.__name__}:describe", b"", log_path=tmp_path / "log", env=environ, notify=said.append
    ) as child:
        assert isinstance(child.wait(60), CallReturned)
    assert not [line for line in said if "new interpreter" in line]
    wait_until(lambda: not list(Path(own["KIT_WARM_DIR"]).glob("*.sock")), 10)
    assert [path.name for path in Path(own["KIT_WARM_DIR"]).iterdir()] == ["start.lock"]


def test_a_socket_that_nobody_answers_is_replaced(own: dict[str, str], tmp_path: Path) -> None:
    assert run("describe", own, tmp_path / "log")
    status = warm.status(own)
    assert status is not None
    os.kill(status["pid"], signal.SIGKILL)
    wait_until_ended(status["pid"])
    assert address_of(own).socket.exists()
    assert run("describe", own, tmp_path / "log")


def test_a_full_disk_under_the_log_ends_nothing(own: dict[str, str], tmp_path: Path) -> None:
    environ = {**own, "KIT_WARM_MODULES": "no_such_module,json"}
    address_of(environ).log.symlink_to("/dev/full")
    with warm.start_call(
        f"{targets.__name__}:sleep_with_helper", b"", log_path=tmp_path / "first", env=environ
    ) as first:
        assert run("describe", environ, tmp_path / "second")
        assert run("describe", environ, tmp_path / "third")
        assert first.wait(0) is None
    assert "no_such_module" not in (tmp_path / "first").read_text()
    assert (warm.status(environ) or {})["children"] == []
    assert warm.stop(environ)


def test_no_ended_child_is_left_unreaped(light: dict[str, str], tmp_path: Path) -> None:
    for _ in range(3):
        run("describe", light, tmp_path / "log")
    status = warm.status(light)
    assert status is not None
    children = (Path("/proc") / str(status["pid"]) / "task" / str(status["pid"]) / "children").read_text()
    assert not children.split()


@pytest.mark.parametrize("mode", [0o755, 0o770], ids=oct)
def test_refuses_a_folder_that_others_can_enter(mode: int, own: dict[str, str]) -> None:
    folder = Path(own["KIT_WARM_DIR"])
    folder.chmod(mode)
    with pytest.raises(WarmUnavailableError, match="mode 700"):
        warm.start(own)
    folder.chmod(0o700)


def test_refuses_a_path_too_long_for_a_socket(own: dict[str, str]) -> None:
    folder = Path(own["KIT_WARM_DIR"]) / ("x" * 100)
    with pytest.raises(WarmUnavailableError, match="KIT_WARM_DIR"):
        warm.start({**own, "KIT_WARM_DIR": str(folder)})


def test_what_imports_read_chooses_the_warm_process() -> None:
    bare = {"HOME": "/home/someone"}
    assert fingerprint_of(bare) == fingerprint_of({**bare, "COLOUR": "red", "PYTHONPATH": "/elsewhere"})
    assert fingerprint_of(bare) == fingerprint_of({**bare, "TF_USE_LEGACY_KERAS": "1"})  # as imports leave it
    for name in ("TF_CPP_MIN_LOG_LEVEL", "OMP_NUM_THREADS", "PYTHONHASHSEED", "KIT_WARM_MODULES"):
        assert fingerprint_of(bare) != fingerprint_of({**bare, name: "0"}), name
        assert import_variables({name: "0"})[name] == "0"


def test_settings_of_keras_choose_the_warm_process(tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path)}
    own_home = {**home, "KERAS_HOME": str(tmp_path / ".keras")}
    bare, bare_own = fingerprint_of(home), fingerprint_of(own_home)
    assert bare != bare_own
    file = tmp_path / ".keras" / "keras.json"
    file.parent.mkdir()
    settings = {"floatx": "float32", "epsilon": 1e-07, "backend": "tensorflow"}
    file.write_text(json.dumps({**settings, "image_data_format": "channels_last"}))
    assert (fingerprint_of(home), fingerprint_of(own_home)) == (bare, bare_own), (
        "Keras itself writes this file"
    )
    file.write_text(json.dumps({**settings, "floatx": "float64"}))
    assert fingerprint_of(home) != bare
    assert fingerprint_of(own_home) != bare_own


def test_another_niceness_or_hard_limit_has_another_warm_process() -> None:
    code = (
        "import os; from kit.warm.address import fingerprint_of; print(fingerprint_of({'HOME': '/nowhere'}))"
    )
    kind, nice, limited, soft = (
        subprocess.run(
            [*words, sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout
        for words in ((), ("nice", "-n", "5"), ("prlimit", "--core=0:0"), ("prlimit", "--core=0:"))
    )
    assert kind.strip() == fingerprint_of({"HOME": "/nowhere"})
    assert len({kind, nice, limited}) == 3
    assert soft == kind


def test_forks_on_linux_only(own: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(WarmUnavailableError, match="on darwin a process with threads cannot fork"):
        warm.start(own)
    monkeypatch.undo()
    assert warm.status(own) is None


def test_a_module_that_cannot_be_imported_is_left_out(own: dict[str, str], tmp_path: Path) -> None:
    environ = {**own, "KIT_WARM_MODULES": "no_such_module,json"}
    assert run("describe", environ, tmp_path / "log")
    assert "No module named 'no_such_module'" in address_of(environ).log.read_text()
    assert warm.stop(environ)


@pytest.mark.parametrize("command", ["start", "status", "stop"])
def test_a_folder_of_sockets_that_others_can_read_is_told_of(
    own: dict[str, str], command: str, tmp_path: Path
) -> None:
    (tmp_path / "open").mkdir(mode=0o755)
    environ = {**own, "KIT_WARM_DIR": str(tmp_path / "open")}
    done = subprocess.run(
        [sys.executable, "-m", "kit.warm", command], env=environ, capture_output=True, text=True, check=False
    )
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "must be your own, with mode 700" in done.stderr


def test_the_folder_of_sockets_may_be_named_from_where_one_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert folder_of({"KIT_WARM_DIR": "sockets"}) == tmp_path / "sockets"


@pytest.fixture
def hanging(own: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Return an environment whose warm process answers nobody, and let clients wait for it only shortly."""
    assert run("describe", own, tmp_path / "log")
    status = warm.status(own)
    assert status is not None
    monkeypatch.setattr(client, "_SILENT_SECONDS", 2.0)
    monkeypatch.setattr(client, "_PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(client, "_silent", set())
    os.kill(status["pid"], signal.SIGSTOP)
    yield own
    with suppress(ProcessLookupError):
        os.kill(status["pid"], signal.SIGKILL)


def test_a_warm_process_that_hangs_is_waited_for_once(
    hanging: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def call() -> list[str]:
        said: list[str] = []
        target = f"{targets.__name__}:describe"
        with warm.start_call(
            target, b"", log_path=tmp_path / "log", env=hanging, notify=said.append
        ) as child:
            assert isinstance(child.wait(60), CallReturned)
        return said

    [first] = call()
    assert "it must answer; but it does not" in first
    monkeypatch.setattr(client, "_SILENT_SECONDS", 60.0)  # however busy the machine is, this would be seen
    started = time.monotonic()
    assert call() == [first]
    assert time.monotonic() - started < 60, "the second call waits no more"


def test_a_warm_process_that_hangs_is_killed_when_it_is_to_stop(hanging: dict[str, str]) -> None:
    with pytest.raises(WarmUnavailableError, match="must answer"):
        warm.status(hanging)
    started = time.monotonic()
    assert warm.stop(hanging)
    assert time.monotonic() - started < 10
    assert not warm.stop(hanging)


def test_a_warm_process_that_answers_again_is_used_again(hanging: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(WarmUnavailableError, match="must answer"):
        warm.status(hanging)
    [pid] = client._silent
    os.kill(pid, signal.SIGCONT)
    assert (warm.status(hanging) or {})["pid"] == pid
    assert not client._silent
    assert run("describe", hanging, tmp_path / "log")
