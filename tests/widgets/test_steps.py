from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from unittest.mock import MagicMock

import pytest
from step_examples import cached, done, failed, hostile, many, running
from view_checks import check_faces
from widget_examples import HOSTILE
from widget_pages import Page

from kit.steps.monitor import StepNow
from widgets import steps
from widgets.steps import StepView, show_step

FACES: dict[str, Callable[[], StepNow]] = {
    "empty": lambda: StepNow(""),
    "running": running,
    "done": done,
    "cached": cached,
    "failed": failed,
    "many": many,
    "hostile": hostile,
}


@pytest.fixture(params=list(FACES))
def face(request: pytest.FixtureRequest) -> StepView:
    return StepView(FACES[request.param]())


def test_no_face_runs_or_fetches_anything(face: StepView) -> None:
    check_faces(face)


def test_what_a_step_with_few_artifacts_adds_to_a_notebook_is_smaller_still(face: StepView) -> None:
    bundle, _ = face._repr_mimebundle_()
    size = len(json.dumps(bundle, ensure_ascii=False).encode())
    assert size <= 24_000 or len(face._now.made) > 10


def test_hostile_values_are_read_as_they_are() -> None:
    page = Page(StepView(hostile()).html_face())
    assert [value for value in HOSTILE if value not in page.text] == []


@pytest.mark.parametrize("name", ["running", "done", "cached", "failed"])
def test_the_faces_are_the_golden_ones(golden: Callable[[str, str], None], name: str) -> None:
    view = StepView(FACES[name]())
    golden(f"step_{name}.html", view.html_face().partition("</style>")[2])
    golden(f"step_{name}.txt", repr(view))
    golden(f"step_{name}_live.html", view.controls + view.content)


def test_a_step_moves_on() -> None:
    view = StepView(running(1.0, "epoch 1 of 20"))
    assert "Trainer is running, 1 s: epoch 1 of 20" in Page(view.content).text
    view.show(running(2.0, "epoch 2 of 20"))
    assert "Trainer is running, 2 s: epoch 2 of 20" in Page(view.content).text
    assert view.under_way
    view.show(done())
    assert "Trainer done in 31.3 s" in Page(view.content).text
    assert not view.under_way, "there is nothing to stop any more"


def test_the_road_says_where_the_step_is() -> None:
    boxes = Page(StepView(running()).content).text_of("li")[:7]
    assert boxes[3:] == ["ExampleValidator✓", "Transform✓", "Trainer● running", "Evaluator"]


def test_a_step_that_waits_says_for_whom() -> None:
    view = StepView(replace(running(), state="waiting", said="in use by process 7", differences=()))
    assert repr(view) == "Trainer: waits, 12 s: in use by process 7"


class _Handle:
    """What IPython gives for something shown: it takes what to show instead."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def update(self, face: object) -> None:
        self.shown.append(repr(face))


@pytest.mark.parametrize("live", [False, True])
def test_only_a_new_state_is_written_into_the_notebook(live: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    handle = _Handle()

    def display(face: Any, **_: Any) -> _Handle:
        handle.update(face)
        if live:
            face.comm = MagicMock()
        return handle

    monkeypatch.setattr(steps, "get_ipython", object)
    monkeypatch.setattr(steps, "display", display)
    update = show_step(replace(running(0.5), state="begun", said=""))
    update(running(1.0))
    for seconds in (2.0, 3.0, 4.0):
        update(running(seconds))
    update(done())
    shown = [text.splitlines()[0] for text in handle.shown]
    between = [] if live else ["Trainer: is running, 1 s: epoch 3 of 20, loss 0.412"]
    assert shown == ["Trainer: checks whether anything has changed, 0 s", *between, "Trainer: done in 31.3 s"]


def test_outside_ipython_nothing_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    show_step(running())(done())
    assert capsys.readouterr().out == ""
