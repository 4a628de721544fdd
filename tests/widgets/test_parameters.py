"""The panel of parameters: what its controls do to the variables, and how it stays in a notebook."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from parameter_examples import DONE, FAILED, RUNNING, Desk, hostile, in_a_batch, many
from view_checks import check_static
from widget_examples import HOSTILE
from widget_pages import Page

from widgets.parameters import Parameters

DESKS: dict[str, Callable[[], Desk]] = {
    "empty": lambda: Desk([]),
    "defaults": Desk,
    "in a batch": in_a_batch,
    "batch running": lambda: Desk(progress=[RUNNING]),
    "batch failed": lambda: Desk(progress=[FAILED]),
    "many": many,
    "hostile": hostile,
}


@pytest.fixture(params=list(DESKS))
def face(request: pytest.FixtureRequest) -> Parameters:
    return Parameters(DESKS[request.param]())


def test_the_static_face_is_small_and_runs_fetches_and_asks_nothing(face: Parameters) -> None:
    check_static(face)


def test_the_live_face_is_markup_that_runs_nothing(face: Parameters) -> None:
    assert Page(face.controls).active == []
    assert Page(face.content).active == []


def test_hostile_texts_are_read_as_they_are() -> None:
    page = Page(Parameters(hostile()).html_face())
    assert [text for text in HOSTILE if text not in page.text] == []


@pytest.mark.parametrize("name", ["defaults", "in a batch"])
def test_the_faces_are_the_golden_ones(golden: Callable[[str, str], None], name: str) -> None:
    view, file = Parameters(DESKS[name]()), f"parameters_{name.replace(' ', '_')}"
    golden(f"{file}.html", view.html_face().partition("</style>")[2])
    golden(f"{file}.txt", repr(view))
    golden(f"{file}_live.html", view.controls + view.content)


def test_what_is_written_is_the_value_of_the_variable() -> None:
    desk = Desk()
    view = Parameters(desk)
    view.edits = {"epochs": {"value": "12"}, "fast": {"value": "true"}, "size": {"value": "large"}}
    assert desk.namespace == {"epochs": 12, "fast": True, "size": "large"}
    assert view.edits == {}
    assert "changed here" in Page(view.content).text
    assert "Run the cells below again" in Page(view.content).text


def test_what_cannot_be_stays_written_and_says_why() -> None:
    desk = Desk()
    view = Parameters(desk)
    view.edits = {"epochs": {"value": "5000"}, "learning_rate": {"value": "0.5"}}
    page = Page(view.content)
    assert desk.namespace == {"learning_rate": 0.5}
    assert view.edits == {"epochs": {"value": "5000"}}
    assert "✗ must be 0 to 1000, but is 5000" in page.text
    assert 'value="5000"' in view.content
    assert 'aria-invalid="true"' in view.content
    view.asked = "save"
    assert desk.asked == []
    assert "✗ First correct epochs." in Page(view.content).text
    view.edits = {"epochs": {"value": "5"}}
    assert desk.namespace["epochs"] == 5
    assert "✗" not in Page(view.content).text


def test_reset_forgets_changes_and_mistakes() -> None:
    desk = Desk()
    view = Parameters(desk)
    view.edits = {"epochs": {"value": "many"}, "fast": {"value": "true"}}
    view.asked = "reset"
    assert (desk.namespace, view.edits) == ({}, {})
    assert "✓ All parameters have the values of their cell." in Page(view.content).text


@pytest.mark.parametrize(("action", "asked"), [("save", ["save", "save"]), ("start", ["start"])])
def test_an_action_is_done_and_told(action: str, asked: list[str]) -> None:
    desk = Desk()
    view = Parameters(desk)
    view.asked = action
    view.asked = action
    assert desk.asked == asked, "a button can be pressed again, but a double press starts one batch"
    assert "✓ " in Page(view.content).text


def test_an_action_that_fails_says_why() -> None:
    view = Parameters(Desk(problem="the disk is <full>"))
    for action in ("save", "start", "command"):
        view.asked = action
        assert "✗ the disk is <full>" in Page(view.content).text
    assert view.progress == ""


def test_what_is_no_action_does_nothing() -> None:
    desk = Desk()
    Parameters(desk).asked = "dance"
    assert desk.asked == []


def test_the_command_is_shown_until_something_changes() -> None:
    view = Parameters(Desk())
    view.asked = "command"
    assert Page(view.content).text_of("pre") == ["kit replay 'a file.yml' --workspace ws-again"]
    view.edits = {"epochs": {"value": "3"}}
    assert Page(view.content).text_of("pre") == []


def test_a_batch_is_followed_to_its_report() -> None:
    view = Parameters(Desk(progress=[RUNNING, DONE]))
    view.asked = "start"
    assert "Batch running for 34 s, 1 of 6 notebooks done" in Page(view.progress).text
    assert "Last to end: SchemaGen done in 0.3 s · ExampleValidator done in 1.1 s" in Page(view.progress).text
    assert view._look() is False
    assert "Batch done after 34 s, 6 of 6 notebooks done" in Page(view.progress).text
    assert 'data-file="/srv/ws/runs/20261124-recommender/report.html"' in view.progress


def test_a_batch_that_failed_says_where() -> None:
    text = Page(Parameters(Desk(progress=[FAILED])).html_face()).text
    assert "✗ Batch failed after 34 s" in text
    assert "Stopped in 02_features, cell 5 (exit code 20): no rows" in text


def test_a_batch_that_starts_has_no_notebooks_yet() -> None:
    desk = Desk(progress=[replace(RUNNING, state="starting", notebooks=0, done=0)])
    view = Parameters(desk)
    view.asked = "start"
    assert "Batch starting for 34 s" in Page(view.progress).text
    assert "<progress" not in view.progress
