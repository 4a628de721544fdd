from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from processes import wait_until_ended

from kit import warm
from kit.warm import CallDied, CallRaised, CallReturned
from kit.warm.call import current_umask

from . import targets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

WAYS = ("warm", "plain")


@pytest.fixture(params=WAYS)
def call(
    request: pytest.FixtureRequest, light: dict[str, str], tmp_path: Path
) -> Callable[..., warm.WarmCall]:
    """Return a way to call one of the targets: in a fork, or in a new interpreter."""
    environ = light if request.param == "warm" else {**light, "KIT_WARM": "off"}

    def start(
        function: Callable[..., object], payload: bytes = b"", env: Mapping[str, str] | None = None
    ) -> warm.WarmCall:
        return warm.start_call(
            f"{targets.__name__}:{function.__name__}",
            payload,
            log_path=tmp_path / "call.log",
            env={**environ, **(env or {})},
            cwd=tmp_path,
        )

    return start


def wait_for_progress(child: warm.WarmCall) -> str:
    deadline = time.monotonic() + 20
    while not child.progress and time.monotonic() < deadline:
        assert child.wait(0.05) is None
    return child.progress


def test_returns_its_result_its_progress_and_its_log(
    call: Callable[..., warm.WarmCall], tmp_path: Path
) -> None:
    payload = os.urandom(3_000_000)
    with call(targets.echo, payload) as child:
        assert child.wait(30) == CallReturned(payload[::-1])
        assert child.progress == "got 3000000 bytes"
    wait_until_ended(child.pid)
    assert (tmp_path / "call.log").read_text().splitlines() == ["on stdout", "on stderr"]


def test_raises_what_the_function_raised(call: Callable[..., warm.WarmCall]) -> None:
    outcome = call(targets.fail).wait(30)
    assert isinstance(outcome, CallRaised)
    assert "in fail" in outcome.traceback_text
    assert outcome.message.endswith("'some/file'")
    error = outcome.exception()
    assert isinstance(error, FileNotFoundError)
    assert error.filename == "some/file"


def test_an_exception_that_cannot_travel_is_told_as_text(call: Callable[..., warm.WarmCall]) -> None:
    outcome = call(targets.fail_unpicklably).wait(30)
    assert isinstance(outcome, CallRaised)
    assert outcome.exception() is None
    assert "UnpicklableError: onetwo" in outcome.message


def test_a_long_message_is_told_by_its_class_and_first_line(call: Callable[..., warm.WarmCall]) -> None:
    with call(targets.fail_at_length) as running:
        outcome = running.wait(30)
    assert isinstance(outcome, CallRaised)
    assert outcome.message == "ValueError: what was wrong"
    assert outcome.traceback_text.rstrip().endswith("the last of it")


def test_a_function_that_does_not_exist_raises(light: dict[str, str], tmp_path: Path) -> None:
    child = warm.start_call("no.such:thing", b"", log_path=tmp_path / "log", env=light)
    outcome = child.wait(30)
    assert isinstance(outcome, CallRaised)
    assert isinstance(outcome.exception(), ModuleNotFoundError)


def test_tells_how_a_child_died(call: Callable[..., warm.WarmCall], tmp_path: Path) -> None:
    assert call(targets.leave).wait(30) == CallDied(7, tmp_path / "call.log")


def test_a_kill_ends_the_whole_process_group(call: Callable[..., warm.WarmCall]) -> None:
    with call(targets.sleep_with_helper) as child:
        pids = [int(word) for word in wait_for_progress(child).split()]
        assert pids[0] == child.pid
        child.kill()
        outcome = child.wait(0)
    assert isinstance(outcome, CallDied)
    assert outcome.returncode == -signal.SIGKILL
    wait_until_ended(*pids)


def test_what_a_call_leaves_behind_ends_with_it(call: Callable[..., warm.WarmCall]) -> None:
    outcome = call(targets.leave_helper).wait(30)
    assert isinstance(outcome, CallReturned)
    wait_until_ended(int(outcome.result))


def test_progress_that_nobody_reads_does_not_stop_the_child(call: Callable[..., warm.WarmCall]) -> None:
    child = call(targets.chatter)
    time.sleep(1)  # nobody reads meanwhile
    assert child.wait(30) == CallReturned(b"done")


def test_has_environment_folder_and_mask_of_the_caller(
    call: Callable[..., warm.WarmCall], tmp_path: Path
) -> None:
    mask = os.umask(0o027)
    try:
        first, second = (call(targets.describe, b"COLOUR", {"COLOUR": colour}) for colour in ("red", "blue"))
    finally:
        os.umask(mask)
    outcomes = [first.wait(30), second.wait(30)]
    assert all(isinstance(outcome, CallReturned) for outcome in outcomes)
    found = [outcome.result.decode().split("\n") for outcome in outcomes if isinstance(outcome, CallReturned)]
    assert [(colour, folder, mask) for colour, folder, _, mask in found] == [
        ("red", str(tmp_path), "27"),
        ("blue", str(tmp_path), "27"),
    ]
    assert found[0][2] != found[1][2], "two children drew the same random number"


def test_runs_on_the_cpus_of_the_caller(call: Callable[..., warm.WarmCall]) -> None:
    all_of_them = os.sched_getaffinity(0)
    warmed = call(targets.cpus)
    os.sched_setaffinity(0, {max(all_of_them)})
    try:
        pinned = call(targets.cpus)
    finally:
        os.sched_setaffinity(0, all_of_them)
    for child, expected in ((warmed, sorted(all_of_them)), (pinned, [max(all_of_them)])):
        outcome = child.wait(60)
        assert isinstance(outcome, CallReturned)
        assert outcome.result.decode() == repr(expected)


def test_has_the_limit_of_open_files_of_the_caller(call: Callable[..., warm.WarmCall]) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    warmed, soft = call(targets.open_files), before[0] - 1
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, before[1]))
    try:
        limited = call(targets.open_files)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    for child, expected in ((warmed, before[0]), (limited, soft)):
        outcome = child.wait(60)
        assert isinstance(outcome, CallReturned)
        assert outcome.result.decode() == repr((expected, before[1]))


def test_children_read_the_kit_anew_and_hold_no_foreign_socket(light: dict[str, str], tmp_path: Path) -> None:
    with warm.start_call(
        f"{targets.__name__}:sleep_with_helper", b"", log_path=tmp_path / "log", env=light
    ) as other:
        wait_for_progress(other)
        loaded, held = (
            warm.start_call(f"{targets.__name__}:{name}", b"", log_path=tmp_path / "log", env=light).wait(30)
            for name in ("loaded", "descriptors")
        )
    assert isinstance(loaded, CallReturned)
    assert "numpy" in loaded.result.decode().split("\n")
    assert not [name for name in loaded.result.decode().split("\n") if name.split(".")[0] == "kit"]
    assert isinstance(held, CallReturned)
    kinds = [link.split(":")[0] for link in held.result.decode().split("\n")]
    assert kinds.count("socket") == 1, "a child has its own channel and no other socket"
    assert kinds.count("pipe") == 1, "a child has the lifeline and no other pipe"


CALLER = """
import sys, time
from pathlib import Path
from kit import warm
child = warm.start_call(sys.argv[1], b"", log_path=Path(sys.argv[2]))
while not child.progress:
    assert child.wait(0.05) is None
print(child.progress, flush=True)
child.wait()
"""


@pytest.mark.alone
@pytest.mark.parametrize("way", WAYS)
def test_no_orphan_when_the_caller_is_killed(way: str, light: dict[str, str], tmp_path: Path) -> None:
    environ = {**light, "KIT_WARM": "on" if way == "warm" else "off", "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", CALLER, f"{targets.__name__}:sleep_with_helper", str(tmp_path / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) as caller:
        assert caller.stdout is not None
        pids = [int(word) for word in caller.stdout.readline().split()]
        assert len(pids) == 2
        caller.send_signal(signal.SIGKILL)
    wait_until_ended(*pids)


@pytest.mark.alone
def test_children_end_with_the_warm_process(own: dict[str, str], tmp_path: Path) -> None:
    child = warm.start_call(f"{targets.__name__}:sleep_with_helper", b"", log_path=tmp_path / "log", env=own)
    pids = [int(word) for word in wait_for_progress(child).split()]
    status = warm.status(own)
    assert status is not None
    os.kill(status["pid"], signal.SIGKILL)
    outcome = child.wait(60)
    assert isinstance(outcome, CallDied)
    assert outcome.parent_lost
    assert "warm process" in outcome.message
    wait_until_ended(*pids)


def test_says_why_it_starts_a_new_interpreter(light: dict[str, str], tmp_path: Path) -> None:
    said: list[str] = []
    child = warm.start_call(
        f"{targets.__name__}:echo",
        b"ab",
        log_path=tmp_path / "log",
        env={**light, "KIT_WARM": "off"},
        notify=said.append,
    )
    assert child.wait(30) == CallReturned(b"ba")
    assert len(said) == 1
    assert "KIT_WARM" in said[0]


def test_temporary_files_of_autograph_are_removed(full: dict[str, str], tmp_path: Path) -> None:
    """TensorFlow removes them at exit, which a forked child must not skip."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    child = warm.start_call(
        f"{targets.__name__}:traced", b"", log_path=tmp_path / "log", env={**full, "TMPDIR": str(folder)}
    )
    assert child.wait(120) == CallReturned(b"1")
    assert not list(folder.glob("*.py"))  # Python may have written bytecode beside them


def test_the_file_mode_mask_stays_when_several_threads_read_it() -> None:
    mask, usual = os.umask(0o027), sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            assert set(pool.map(lambda _: current_umask(), range(4000))) == {0o027}
    finally:
        sys.setswitchinterval(usual)
        left = os.umask(mask)
    assert left == 0o027
