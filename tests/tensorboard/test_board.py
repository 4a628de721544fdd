"""TensorBoard runs beside its kernel, in private, and never outlives it."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tensorboard.summary import Writer

from kit.tensorboard import folders
from kit.tensorboard.board import Board, BoardError
from kit.workspace import CHECKOUT

_KERNEL = """
import sys, time
from pathlib import Path
from kit.tensorboard.board import Board
board = Board({"a": Path(sys.argv[1])})
print(board.start(), board.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def short_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a temporary folder whose path, unlike that of tmp_path, is short enough for a socket."""
    del tmp_path  # made first, in the ordinary place
    with tempfile.TemporaryDirectory(prefix="kit.", dir="/tmp") as folder:
        monkeypatch.setattr("tempfile.tempdir", folder)
        monkeypatch.setenv("TMPDIR", folder)
        yield Path(folder)
        assert not list(Path(folder).glob("kit-tensorboard-*/*")), "a board is left"


def write_events(folder: Path, run: str, value: float) -> None:
    writer = Writer(str(folder / run))
    writer.add_scalar("epoch_loss", value, 0)
    writer.close()


def ask(address: str, path: str) -> str:
    """Ask on the socket, as the Jupyter server does."""
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(folders.folder_of(address.split("/")[-2]) / folders.SOCKET))
    connection.request("GET", path)
    answer = connection.getresponse().read().decode()
    connection.close()
    return answer


def test_several_folders_are_served_and_private(tmp_path: Path) -> None:
    write_events(tmp_path / "one", "train", 1.0)
    write_events(tmp_path / "two", "train", 2.0)
    board = Board({"new": tmp_path / "one", "旧/old": tmp_path / "two"})
    assert board.curves() == {"epoch_loss": {"new/train": [(0.0, 1.0)], "旧/old/train": [(0.0, 2.0)]}}
    address = board.start()
    assert board.start() == address, "it runs already"
    page = ask(address, "/")
    assert "url(font-roboto/" in page
    assert "url(/" not in page
    folder = folders.folder_of(address.split("/")[-2])
    assert {path.name for path in (folder / folders.LOGS).iterdir()} == {"new", "旧_old"}
    for private in (folder, folder.parent):
        assert stat.S_IMODE(private.stat().st_mode) == 0o700
    process = psutil.Process(board.pid)
    assert not [one for one in process.net_connections("inet") if one.status == psutil.CONN_LISTEN]
    board.stop()
    assert board.pid is None
    assert not process.is_running()
    assert board.start() == address
    board.stop()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "terminated"])
def test_no_orphan_is_left(tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-c", _KERNEL, str(tmp_path)]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as kernel:
        assert kernel.stdout
        _, pid = kernel.stdout.readline().split()
        process = psutil.Process(int(pid))
        os.kill(kernel.pid, number)
    assert psutil.wait_procs([process], 5)[1] == []


def test_an_interrupt_of_the_kernel_does_not_reach_it(tmp_path: Path) -> None:
    board = Board({"a": tmp_path})
    board.start()
    assert board.pid
    assert os.getpgid(board.pid) != os.getpgid(0)
    board.stop()


def test_what_a_killed_tensorboard_left_is_removed(tmp_path: Path) -> None:
    board, later = Board({"a": tmp_path}), Board({"b": tmp_path})
    left = folders.folder_of(board.start().split("/")[-2])
    assert board.pid
    os.kill(board.pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(board.pid)], 5)
    os.utime(left, (0, 0))
    later.start()
    assert not left.exists()
    later.stop()


def test_a_folder_of_others_is_refused(tmp_path: Path) -> None:
    board = Board({"a": tmp_path})
    root = folders.folder_of("x").parent
    root.mkdir(mode=0o755)
    root.chmod(0o755)
    with pytest.raises(BoardError, match=r"should have started, but .* mode 700. Correct that"):
        board.start()


def test_an_end_at_the_start_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tensorboard.py").write_text("raise ImportError('a broken installation')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    board = Board({"a": tmp_path})
    with pytest.raises(BoardError, match="a broken installation"):
        board.start()
    board.stop()
    for left in folders.folder_of("x").parent.iterdir():
        os.utime(left, (0, 0))
    folders.remove_dead()
