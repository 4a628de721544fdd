"""The class board: one small file a participant, and a folder that may be slow, gone, or full of other things."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from kit.translation.messages import VARIABLE
from kit.workshop import board
from kit.workshop.board import Progress
from kit.workshop.errors import WorkshopError
from kit.workshop.exercise import POINTS, Point, Score

NAMES = ["negative_ages", "new_users"]


def score(*reached: bool) -> Score:
    points = [Point(name, one, "") for name, one in zip(POINTS, reached, strict=True)]
    return Score("negative_ages", points)


def test_a_record_comes_back(tmp_path: Path) -> None:
    progress = Progress("王芳").with_hints("negative_ages", 2).with_score(score(True, True, False))
    board.write(progress, tmp_path)
    assert board.read(tmp_path, "王芳") == progress
    assert board.table([progress], NAMES) == [("王芳", "2/3 (2 hints)", "-", "2")]


def test_hints_are_counted_in_the_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "zh")
    [(_, told, *_)] = board.table([Progress("王芳").with_hints("negative_ages", 1)], NAMES)
    assert told == "0/3（1 条提示）"  # noqa: RUF001  Chinese has brackets of its own


def test_what_was_reached_stays_and_what_was_opened_too() -> None:
    progress = Progress("Ann").with_score(score(True, False, False)).with_score(score(False, True, False))
    assert progress.total == 2
    kept = progress.with_hints("negative_ages", 2).with_hints("negative_ages", 1)
    assert kept.done["negative_ages"].hints == 2
    assert kept.total == 2, "hints lower nothing"


def test_names_that_look_alike_have_files_of_their_own() -> None:
    assert len({board.file_name(name) for name in ("王芳", "李伟", "a/b", "a b", "A b")}) == 5
    assert board.file_name("../../etc/passwd").startswith("etc_passwd-")


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 61])
def test_a_name_that_is_none(name: str) -> None:
    with pytest.raises(WorkshopError, match="must be 1 to 60 printable characters"):
        board.check_participant(name)


def test_the_furthest_come_first_and_what_is_no_record_is_left_out(tmp_path: Path) -> None:
    board.write(Progress("Ann").with_score(score(True, False, False)), tmp_path)
    board.write(Progress("Bob").with_score(score(True, True, True)), tmp_path)
    (tmp_path / f"broken{board.SUFFIX}").write_text('{"name": "Eve", "done": 3}')
    (tmp_path / f"huge{board.SUFFIX}").write_text(" " * 200_000)
    (tmp_path / f"list{board.SUFFIX}").write_text("[1]")
    (tmp_path / "notes.txt").write_text("hello")
    assert [one.name for one in board.read_class(tmp_path)] == ["Bob", "Ann"]


def test_points_that_nobody_can_have_count_as_none(tmp_path: Path) -> None:
    done = {"negative_ages": {"points": {"found": 99, "more": True}, "hints": 0, "checked": 0}}
    (tmp_path / f"eve{board.SUFFIX}").write_text(json.dumps({"name": "Eve", "done": done}))
    assert board.read_class(tmp_path)[0].total == 0


def test_a_class_folder_that_is_gone_breaks_nothing(tmp_path: Path) -> None:
    assert "it is not there. Your score is in the workspace." in board.write_soon(
        Progress("Ann"), tmp_path / "gone"
    )
    assert not (tmp_path / "gone").exists(), "a drive that is not mounted does not become a folder"
    with pytest.raises(WorkshopError, match="must be one that you can read"):
        board.read_class(tmp_path / "gone")


def test_a_drive_that_does_not_answer_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = threading.Event()

    def slow(*_: object) -> list[Progress]:
        answers.wait(10)
        return []

    monkeypatch.setattr(board, "_PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(board, "write", slow)
    try:
        assert "it has not answered in 0.05 s" in board.write_soon(Progress("Ann"), tmp_path)
        monkeypatch.setattr(board, "read_class", slow)
        assert board.read_soon(tmp_path) == []
    finally:
        answers.set()
        for thread in threading.enumerate():
            if thread.name == "class board":
                thread.join()


def test_the_page_holds_names_as_text_and_fetches_nothing() -> None:
    people = [Progress("<script>alert(1)</script>").with_score(score(True, True, True)), Progress("Bob")]
    page = board.page(people, {"negative_ages": "Negative ages", "new_users": "Good & bad"})
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "Good &amp; bad" in page
    assert "<td>1 / 2</td><td>0 / 2</td>" in page
    assert "://" not in page
    assert "default-src 'none'; style-src 'unsafe-inline'" in page
