"""What a notebook gets: tables, hints, a score that is kept in the workspace and on the class board."""

from __future__ import annotations

from pathlib import Path

import pytest
from in_process import invoke

from kit.workshop.board import read_class
from kit.workshop.desk import WorkshopDesk
from kit.workshop.errors import WorkshopError
from kit.workshop.solutions import solutions_of
from kit.workshop.texts import names
from kit.workspace import Workspace


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    folder = tmp_path / "class"
    folder.mkdir()
    return folder


def desk(tmp_path: Path, shared: Path | str, name: str = "Ann") -> WorkshopDesk:
    return WorkshopDesk("version_skew", Workspace(tmp_path / "ws"), name, str(shared))


def test_a_score_is_kept_in_the_workspace_and_for_the_class(tmp_path: Path, shared: Path) -> None:
    ann = desk(tmp_path, shared)
    assert ann.stopped() == "Nothing stops it: it would go to production."
    assert len(ann.faulty()) == len(ann.good()) + 1
    reference = solutions_of("version_skew").reference
    told = ann.check(reference.where, reference.proof, reference.settings)
    assert [point["reached"] for point in told["points"]] == [True] * 3
    assert told["note"] == ""
    assert read_class(shared)[0].total == 3
    assert desk(tmp_path, shared).board()["rows"][0][-1] == "3", "it is there for another session"


def test_the_fault_is_injected_in_another_form(tmp_path: Path) -> None:
    ann = desk(tmp_path, "")
    before = set(ann.faulty()["operation"])
    assert ann.inject(8) == "Nothing stops it: it would go to production."
    assert ann.seed == 8
    [new] = set(ann.faulty()["operation"]) - before
    assert new == "DecodeJxl"
    reference = solutions_of("version_skew").reference
    told = ann.check(new, "2.21", reference.settings)
    assert [point["reached"] for point in told["points"]] == [True] * 3
    assert ann.said() == [
        "The model uses 8 operations; TensorFlow and TensorFlow Serving know all of them since 2.21."
    ]


def test_hints_are_opened_for_good_and_lower_nothing(tmp_path: Path, shared: Path) -> None:
    ann = desk(tmp_path, shared)
    assert ann.hints()["opened"] == 0
    assert ann.open_hint(2) == ""
    assert desk(tmp_path, shared).hints()["opened"] == 2
    assert read_class(shared)[0].done["version_skew"].hints == 2


def test_without_a_class_the_board_has_oneself(tmp_path: Path) -> None:
    found = desk(tmp_path, "").board()
    assert [row[0] for row in found["rows"]] == ["Ann"]
    assert len(found["columns"]) == len(names()) + 2
    told = desk(tmp_path, tmp_path / "gone").check()
    assert "is not up to date" in told["note"]
    assert [row[0] for row in desk(tmp_path, tmp_path / "gone").board()["rows"]] == ["Ann"]


def test_who_one_is_is_said_once(tmp_path: Path, shared: Path) -> None:
    desk(tmp_path, shared)
    assert desk(tmp_path, "", "").board()["you"] == "Ann"
    desk(tmp_path, "", "").check()
    assert [one.name for one in read_class(shared)] == ["Ann"]
    desk(tmp_path, "none", "Bob").check()
    assert desk(tmp_path, "", "").board()["you"] == "Bob"
    assert [one.name for one in read_class(shared)] == ["Ann"], "Bob has left the class"


def test_who_is_alone_needs_no_name_and_who_is_of_a_class_does(tmp_path: Path, shared: Path) -> None:
    assert desk(tmp_path, "", "").board()["you"] == "participant"
    with pytest.raises(WorkshopError, match=r"needs a name, but no participant is given\."):
        desk(tmp_path, shared, " ")
    (tmp_path / "ws" / "workshop").mkdir(parents=True)
    (tmp_path / "ws" / "workshop" / "participant.json").write_text('{"name": "Ann", "cla')
    assert desk(tmp_path, "", "").board()["you"] == "participant", "half of a file is nobody"


def test_nothing_outside_of_its_folder_is_touched(tmp_path: Path, shared: Path) -> None:
    desk(tmp_path, shared).check("x", "y", {"release.keep_versions": 3})
    assert {path.name for path in (tmp_path / "ws").iterdir()} == {".place", "workshop"}


def test_the_commands_show_the_board_the_solutions_and_the_exercises(tmp_path: Path, shared: Path) -> None:
    desk(tmp_path, shared).check()
    shown = invoke("workshop", "board", shared)
    assert shown.exit_code == 0, shown.output
    assert "Ann" in shown.output
    assert "1 participants" not in shown.output
    assert (shared / "board.html").read_text().startswith("<!DOCTYPE html>")
    assert "where: DecodeWebP" in invoke("workshop", "solutions", "version_skew").output
    written = invoke("workshop", "solutions", "--out", tmp_path / "out")
    assert written.exit_code == 0
    assert {path.stem for path in (tmp_path / "out").iterdir()} == set(names())
    assert invoke("workshop", "solutions", "nothing").exit_code == 2
    assert "negative_ages" in invoke("workshop", "exercises").output
