"""A place that cannot be used is named with the way out, whichever command was given it."""

from __future__ import annotations

import errno
import shutil
import urllib.error
from pathlib import Path

import pytest
from in_process import kit

from kit.errors import ExitCode
from kit.os_errors import kit_error_of, reason_of

NOTEBOOK, WHEN = "01_data", ("--cron", "1 1 * * *")


@pytest.mark.parametrize("room", ["schedules", "sweeps"])
def test_a_file_where_a_folder_is_needed_is_named(tmp_path: Path, room: str) -> None:
    place, file = tmp_path / "ws", tmp_path / "seeds.yml"
    file.write_text("notebooks: 03_train\nparameters: {seed: [1]}")
    place.mkdir()
    (place / room).touch()
    words = ("schedule", "new", "nightly", NOTEBOOK, *WHEN) if room == "schedules" else ("sweep", file)
    code, said = kit(*words, "-w", place)
    assert code == ExitCode.USAGE
    assert f"{place / room}" in said
    assert "must be a place that can be read and written" in said


def test_a_workspace_that_cannot_be_made_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, said = kit("schedule", "new", "nightly", NOTEBOOK, *WHEN, "-w", tmp_path / "file" / "ws")
    assert code == ExitCode.USAGE
    assert f"The workspace {tmp_path / 'file' / 'ws'} must be a folder that you can write to" in said


def test_a_folder_where_a_file_is_to_be_written_is_named(tmp_path: Path) -> None:
    kit("schedule", "new", "nightly", NOTEBOOK, *WHEN, "-w", tmp_path / "ws")
    (tmp_path / "folder").mkdir()
    code, said = kit("schedule", "cron", "nightly", "-w", tmp_path / "ws", "-o", tmp_path / "folder")
    assert code == ExitCode.USAGE
    assert said.startswith(f"{tmp_path / 'folder'} must be a place")


def test_what_is_no_mistake_of_the_user_is_no_wrong_usage() -> None:
    full = kit_error_of(OSError(errno.ENOSPC, "No space left on device", "/data/a"))
    assert full.exit_code == ExitCode.STEP_FAILED
    assert "/data/a must have room" in str(full)
    assert kit_error_of(OSError(errno.EIO, "Input/output error")).exit_code == ExitCode.STEP_FAILED


def test_of_many_files_that_a_full_disk_did_not_take_the_first_is_named(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).touch()

    def full(source: str, _: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", source)

    with pytest.raises(shutil.Error) as failed:
        shutil.copytree(tmp_path, tmp_path / "copy", copy_function=full)
    told = kit_error_of(failed.value)
    assert str(told).startswith(f"{tmp_path / 'copy'}/")
    assert "must have room for what is written, but: no space left on device. Free some" in str(told)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "/x"), "no such file or directory"),
        (urllib.error.URLError(ConnectionRefusedError(111, "Connection refused")), "connection refused"),
        (urllib.error.URLError("unknown url type: x"), "unknown url type: x"),
        (OSError(72, "RPC struct is bad"), "RPC struct is bad"),
        (OSError("Timed out"), "timed out"),
        (OSError(), ""),
        (ValueError("Line 3 is not JSON"), "Line 3 is not JSON"),
    ],
)
def test_a_reason_is_told_in_words_that_fit_after_a_colon(error: Exception, said: str) -> None:
    assert reason_of(error) == said
