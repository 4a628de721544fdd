"""A workspace is writable, its files are whole, and one process at a time works in it."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from kit.cli.shared import chosen_workspace
from kit.errors import ExitCode, WorkspaceError
from kit.workspace import CHECKOUT, Workspace, resolve_folder, workspace_option, write_atomically

HOLD = """
import sys
from kit.workspace import Workspace
with Workspace(sys.argv[1]).lock("run", "chicago_taxi, 01_data"):
    print("held", flush=True)
    sys.stdin.readline()
"""


def hold(folder: Path) -> subprocess.Popen[str]:
    """Start a process that holds the workspace until it reads a line."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout
    assert holder.stdout.readline() == "held\n"
    return holder


def end(holder: subprocess.Popen[str]) -> int:
    holder.communicate("\n")
    return holder.returncode


# -- the folder


def test_a_command_names_a_workspace_that_is_not_the_default_one(tmp_path: Path) -> None:
    assert not workspace_option(chosen_workspace(None))
    assert workspace_option(tmp_path / "my ws") == f" -w '{tmp_path}/my ws'"


def test_a_relative_folder_is_in_the_checkout_wherever_one_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert resolve_folder("workspace") == CHECKOUT / "workspace"
    assert resolve_folder(tmp_path / "ws") == tmp_path / "ws"
    assert resolve_folder("~/ws") == tmp_path / "home" / "ws"
    (tmp_path / "far" / "away").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "far" / "away")
    assert resolve_folder(tmp_path / "far" / "away" / ".." / "ws") == tmp_path / "far" / "ws"
    assert resolve_folder(tmp_path / "link" / ".." / "ws") == tmp_path / "far" / "ws", "what the system opens"
    assert resolve_folder(tmp_path / "link") == tmp_path / "link", "a link keeps its name"
    assert chosen_workspace(Path("far/../ws")) == tmp_path / "ws", "another path would be another parameter"


def test_a_home_of_nobody_is_explained() -> None:
    with pytest.raises(WorkspaceError, match=r"there is no such home folder\. Write the path in full"):
        Workspace("~no-such-user/ws")


def test_the_folder_is_made_and_its_parts_have_their_places(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "new" / "ws")
    assert [path.name for path in workspace.path.iterdir()] == [".place"]
    assert workspace.metadata_path == workspace.path / "metadata.sqlite"
    assert workspace.serving("shop") == workspace.path / "serving" / "shop"
    assert {workspace.runs, workspace.artifacts("shop"), workspace.logs("shop")} == {
        workspace.path / "runs",
        workspace.path / "artifacts" / "shop",
        workspace.path / "logs" / "shop",
    }


def assert_refused(folder: Path, reason: str) -> None:
    with pytest.raises(WorkspaceError) as raised:
        Workspace(folder)
    message = str(raised.value)
    assert message.startswith(
        f"The workspace {folder} must be a folder that you can write to, but: {reason}. "
    )
    assert message.endswith("(`--workspace` on the command line).")
    assert raised.value.exit_code == ExitCode.USAGE


def test_a_file_in_the_way_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert_refused(tmp_path / "file", "file exists")
    assert_refused(tmp_path / "file" / "ws", "not a directory")


@pytest.mark.skipif(
    sys.platform != "linux", reason="needs a file system that takes no files, from root neither"
)
def test_a_read_only_workspace_is_explained() -> None:
    assert_refused(Path("/proc/self"), "no such file or directory")
    assert_refused(Path("/proc/ws"), "no such file or directory")
    assert Workspace("/proc/ws", read_only=True).runs == Path("/proc/ws/runs")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_workspace_of_somebody_else_is_explained(tmp_path: Path) -> None:
    (tmp_path / "ws").mkdir(mode=0o555)
    assert_refused(tmp_path / "ws", "permission denied")


def test_a_full_disk_is_told_from_a_folder_that_takes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with pytest.raises(
        WorkspaceError, match=r"must have room .* but: no space left on device\. Free some, or choose"
    ):
        Workspace(tmp_path / "ws")


# -- files


@pytest.mark.parametrize("content", ["städtisch\n", b"\x00\xff", ""])
def test_a_file_holds_what_was_written_and_nothing_else_is_left(tmp_path: Path, content: str | bytes) -> None:
    path = tmp_path / "new" / "run.json"
    for _ in range(2):
        write_atomically(path, content)
    assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
    assert list(path.parent.iterdir()) == [path]
    assert path.stat().st_mode & 0o777 == 0o644


def test_no_reader_sees_half_a_file(tmp_path: Path) -> None:
    path, size = tmp_path / "run.json", 300_000
    write_atomically(path, "0" * size)

    def write() -> None:
        for number in range(50):
            write_atomically(path, str(number % 10) * size)

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive():
        seen = path.read_text()
        assert len(seen) == size
        assert len(set(seen)) == 1
    writer.join()


def under_a_full_disk(folder: Path, code: str) -> str:
    """Run code in a process that may write no more than 1,000 bytes to a file; return the error it ends with."""
    limited = f"""
import resource, sys
from pathlib import Path
from kit.workspace import Workspace, write_atomically
folder = Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, ({{}}, {{}}))
{code}
"""
    limit = "0" if "lock" in code else "1000"
    command = [sys.executable, "-c", limited.format(limit, limit), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    return done.stderr.splitlines()[-1]


def test_a_full_disk_leaves_the_old_file_whole(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    write_atomically(path, "old")
    error = under_a_full_disk(tmp_path, "write_atomically(folder / 'run.json', 'new' * 5000)")
    assert error.startswith("OSError: ")
    assert error.endswith(f": '{path}'")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_explained_before_anything_runs(tmp_path: Path) -> None:
    Workspace(tmp_path)
    error = under_a_full_disk(tmp_path, "with Workspace(folder).lock('run', 'shop'): print('ran')")
    assert error.startswith(
        f"kit.errors.WorkspaceError: The workspace {tmp_path} must be a folder that you can wri"
    )
    assert [path.name for path in (tmp_path / ".locks").iterdir()] == ["run.lock"]
    with Workspace(tmp_path).lock("run", "shop", wait=False):
        pass


# -- locks


def test_who_does_not_wait_is_told_who_holds_the_lock(tmp_path: Path) -> None:
    holder = hold(tmp_path)
    workspace = Workspace(tmp_path)
    message = rf"in use by process {holder.pid} \(chicago_taxi, 01_data, since \d\d:\d\d:\d\d\)\. Wait until it is done"
    with pytest.raises(WorkspaceError, match=message), workspace.lock("run", "shop", wait=False):
        pytest.fail("two hold the lock")
    with workspace.lock("step", "shop", wait=False):  # another lock
        pass
    assert end(holder) == 0
    with workspace.lock("run", "shop", wait=False):
        pass


@pytest.mark.parametrize("ending", ["done", "killed"])
def test_who_waits_is_told_once_and_goes_on_when_the_holder_ends(tmp_path: Path, ending: str) -> None:
    holder = hold(tmp_path)
    said = []

    def say(message: str) -> None:
        said.append(message)
        if ending == "killed":
            holder.send_signal(signal.SIGKILL)
        else:
            end(holder)

    with Workspace(tmp_path).lock("run", "shop", say=say):
        assert holder.wait() == (0 if ending == "done" else -signal.SIGKILL)
    [message] = said
    assert f"in use by process {holder.pid} (chicago_taxi, 01_data, since " in message
    assert message.endswith("waiting for it to finish.")
    holder.communicate()


def test_a_lock_is_freed_by_an_error_and_can_be_taken_again(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt), workspace.lock("run", "shop", wait=False):
            raise KeyboardInterrupt
    assert [path.name for path in (tmp_path / ".locks").iterdir()] == ["run.lock"]


@pytest.mark.parametrize("content", ["", '{"pid": 1}', None])
def test_a_holder_that_left_no_name_is_somebody(tmp_path: Path, content: str | None) -> None:
    workspace = Workspace(tmp_path)
    with workspace.lock("run", "shop"):
        holder = tmp_path / ".locks" / "run.json"
        if content is None:
            holder.unlink()
        else:
            holder.write_text(content)
        with (
            pytest.raises(WorkspaceError, match="in use by another process"),
            workspace.lock("run", "x", wait=False),
        ):
            pytest.fail("two hold the lock")
