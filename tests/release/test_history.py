"""What was done to versions is told in whole lines, once each."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kit.release import history


def test_entries_are_told_in_order_with_their_time(tmp_path: Path) -> None:
    history.note(tmp_path, "push", version=1)
    history.note(tmp_path, "rollback", to=1, why="Grüße")
    first, second = history.read(tmp_path)
    assert (first["what"], first["version"]) == ("push", 1)
    assert second["why"] == "Grüße"
    assert first["when"].endswith("+00:00")


def test_what_was_cut_off_by_a_crash_is_left_out_and_spoils_nothing(tmp_path: Path) -> None:
    history.note(tmp_path, "push", version=1)
    with (tmp_path / history.FILE).open("a") as file:
        file.write('{"what": "pu')
    history.note(tmp_path, "push", version=2)
    assert [entry["version"] for entry in history.read(tmp_path)] == [1, 2]


def test_a_line_that_is_written_in_parts_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:5]))  # as on a disk that gets full
    history.note(tmp_path, "push", version=1)
    assert [entry["version"] for entry in history.read(tmp_path)] == [1]


def test_a_second_try_is_not_told_twice(tmp_path: Path) -> None:
    for version in (1, 1, 2, 1):
        history.note(tmp_path, "push", version=version)
    assert [entry["version"] for entry in history.read(tmp_path)] == [1, 2, 1]


def test_an_entry_names_every_version_that_was_moved_with_it(tmp_path: Path) -> None:
    history.note(tmp_path, "rollback", to=1, withdrawn=[2, 3], why="worse", **{"from": 3})
    history.note(tmp_path, "promotion", version=5, over=4)
    history.note(tmp_path, "push", version=6, serves=None)
    assert [history.named_in(entry) for entry in history.read(tmp_path)] == [{1, 2, 3}, {4, 5}, {6}]
