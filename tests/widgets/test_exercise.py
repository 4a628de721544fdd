"""The views of an exercise: hints one by one, the score, and the class."""

from __future__ import annotations

import pytest
from widget_examples import HOSTILE
from widget_pages import Page

from widgets.exercise import ClassBoard, Hints, Injected, Scored
from widgets.parts.language import VARIABLE

POINTS = [
    {"name": "found", "reached": True, "said": "the fault is in age"},
    {"name": "proved", "reached": False, "said": "nothing is measured yet"},
]


def test_a_fault_is_injected_by_the_button() -> None:
    seeds: list[int] = []

    def inject(seed: int) -> str:
        seeds.append(seed)
        if seed == 9:
            raise OSError("the disk is full")
        return "Checks that stop it: 2."

    view = Injected("Nothing stops it.", inject, 7)
    assert repr(view) == "The fault of seed 7 is injected.\nNothing stops it."
    assert Page(view.controls).text_of("button") == ["Inject the fault"]
    view.asked = "inject"
    assert "This fault is there already: give another seed" in view.content
    assert "Run the cells below again" not in view.content
    view.seed = 8
    assert seeds == [7], "only the button injects"
    view.asked = "inject"
    assert seeds == [7, 8]
    assert "required" in view.controls, "an empty field is no seed"
    assert view.parameters() == {"seed": 8}
    assert "seed 8" in view.content
    assert "Checks that stop it: 2." in view.content
    assert "Run the cells below again" in view.content
    view.seed = 9
    view.asked = "inject"
    assert "the disk is full" in view.content
    assert "seed 8" in view.content, "what was there is there still"
    assert view.parameters() == {"seed": 8}
    assert "button" not in view.html_face()


def test_hints_open_one_by_one_and_are_told() -> None:
    told: list[int] = []
    view = Hints(["look", "look there", "it is age"], lambda opened: told.append(opened) or "")  # type: ignore[func-returns-value]
    assert Page(view.content).text_of("li") == []
    assert Page(view.content).text_of("button") == ["Open the next hint"]
    view.opened = 1
    assert Page(view.content).text_of("li") == ["look"]
    view.opened = 3
    assert Page(view.content).text_of("li") == ["look", "look there", "it is age"]
    assert Page(view.content).text_of("button") == []
    assert told == [1, 3]


def test_what_is_open_stays_open_and_there_are_no_more_than_there_are() -> None:
    view = Hints.of({"hints": ["a", "b"], "opened": 1}, lambda _: "the drive is gone")
    view.opened = 0
    assert view.opened == 1
    view.opened = 7
    assert view.opened == 2
    assert "the drive is gone" in view.content


def test_what_was_open_before_is_not_told_again() -> None:
    told: list[int] = []
    view = Hints.of({"hints": ["a", "b"], "opened": 2}, lambda opened: told.append(opened) or "")  # type: ignore[func-returns-value]
    assert Page(view.content).text_of("li") == ["a", "b"]
    assert told == []


def test_the_faces_of_a_batch_show_what_is_open_only() -> None:
    view = Hints(["a hint", "the secret"], opened=1)
    assert repr(view) == "1. a hint\nHints opened: 1 of 2."
    assert "the secret" not in view.html_face() + view.content


def test_a_score_says_what_was_tested() -> None:
    view = Scored({"exercise": "Ages", "points": POINTS, "note": "not up to date"})
    assert repr(view) == (
        "Ages: 1 of 2 points\n✓ found: the fault is in age\n✗ proved: nothing is measured yet\nnot up to date"
    )
    assert Page(view.html_face()).text_of("tr") == [
        "✓foundthe fault is in age",
        "✗provednothing is measured yet",
    ]


def test_the_class_and_who_one_is() -> None:
    record = {
        "columns": ["Participant", "Ages", "Points"],
        "rows": [["Bob", "3/3", "3"], ["Ann", "-", "0"]],
        "you": "Ann",
    }
    view = ClassBoard(record)
    assert repr(view) == "Ann: points 0, place 2 of 2"
    page = Page(view.html_face())
    assert page.text_of("b") == ["Ann"]
    assert page.text_of("tr")[0] == "ParticipantPoints1", "all exercises are seen without scrolling"
    assert page.text_of("p") == ["1 Ages"]


def test_names_and_hints_are_text() -> None:
    for text in HOSTILE:
        board = ClassBoard({"columns": [text], "rows": [[text, text]], "you": text})
        score = Scored(
            {"exercise": text, "points": [{"name": text, "reached": True, "said": text}], "note": text}
        )
        fault = Injected(text, lambda _: "", 7)
        for face in (
            *(one.html_face() for one in (board, score, fault)),
            Hints([text], opened=1).html_face(),
        ):
            assert "<img" not in face
            assert "<script" not in face
            assert 'onmouseover="w' not in face


def test_points_and_headings_are_told_in_chinese_and_names_of_others_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(VARIABLE, "zh")
    score = Scored({"exercise": "负的年龄", "points": POINTS, "note": ""})
    assert Page(score.html_face()).text_of("th") == ["找到", "证明"]
    assert "✓ 找到: the fault is in age" in repr(score)
    board = ClassBoard(
        {"columns": ["Participant", "found", "Points"], "rows": [["Points", "-", "0"]], "you": ""}
    )
    assert Page(board.html_face()).text_of("th") == ["参加者", "得分", "1", "Points"]
    assert Page(board.html_face()).text_of("p") == ["1 found"], "the titles of exercises come translated"
