"""The view of an experiment in all its faces, and the decisions that are taken there."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import experiment_examples as examples
import pytest
from view_checks import check_faces, check_hostile
from widget_pages import Page

from widgets.experiment import Experiment

VIEWS: dict[str, Callable[[], examples.Shown]] = {
    "running": examples.running,
    "before the first look": examples.Shown,
    "ended": examples.ended,
    "hostile": examples.hostile,
}


def view(shown: examples.Shown) -> Experiment:
    return Experiment(examples.Desk(shown))


@pytest.mark.parametrize("name", list(VIEWS))
def test_no_face_runs_or_fetches_anything(name: str) -> None:
    check_faces(view(VIEWS[name]()))


def test_hostile_values_are_read_as_they_are() -> None:
    check_hostile(view(examples.hostile()))


def test_both_faces_say_what_is_known() -> None:
    shown = view(examples.running())
    for face in (shown.content, shown.html_face()):
        text = Page(face).text
        assert "version 2 for 10%, by user_id; 1 for the others" in text
        assert "180 (0.2%)" in text
        assert "✓ not worse than it may be" in text
        assert "○ too few users" in text
        assert "○ not sure yet" in text
        assert "Requests not counted as evidence: 7 without a user." in text
        assert face.count("<polyline") == 3 * 4, "difference, two bounds and limit of each metric"
    assert repr(shown).splitlines()[1] == (
        "control 90,000 requests, candidate 10,000 requests; not sure of slow requests"
    )


def test_before_the_first_look_only_requests_are_known() -> None:
    content = view(examples.Shown()).content
    assert "<polyline" not in content
    assert "90,000" in Page(content).text


def test_a_decision_needs_a_name_and_ends_it() -> None:
    shown = view(examples.running())
    shown.asked = ["promote", ""]
    assert "needs a name and a reason" in Page(shown.content).text
    shown.who, shown.why = "Ann", "enough"
    shown.asked = ["promote", ""]
    shown.asked = ["stop", ""]  # pressed by one who was not told yet
    text = Page(shown.content).text
    assert "promote: Ann: enough" in text
    assert "promoted by Ann" in text
    assert "Roll back" not in text, "there is nothing left to decide"


def test_what_came_since_is_shown_when_it_is_asked_for() -> None:
    desk = examples.Desk(examples.running())
    shown = Experiment(desk)
    desk.shown = replace(examples.running(), why="too few users for click rate")
    shown.fresh += 1
    assert "Too few users for click rate." in Page(shown.content).text


def test_before_any_was_started_the_command_is_named() -> None:
    desk = examples.Desk(None)
    shown = Experiment(desk)
    check_faces(shown)
    for face in (repr(shown), Page(shown.content).text, Page(shown.html_face()).text):
        assert "No experiment has been started yet" in face
    assert "kit canary start" in Page(shown.content).text_of("code")
    desk.shown = examples.running()
    shown.fresh += 1
    assert "version 2 for 10%" in Page(shown.content).text


def test_a_long_experiment_stays_within_the_limit() -> None:
    metric = examples.running().metrics[0]
    points = tuple(replace(metric.points[-1], time=examples.START + 60 * minute) for minute in range(20_000))
    check_faces(view(replace(examples.running(), metrics=(replace(metric, points=points),) * 3)))


def test_a_bound_that_is_drawn_at_the_last_look_only_comes_in_from_the_edge() -> None:
    metric = examples.running().metrics[2]
    first, last = metric.points[0], metric.points[-1]
    # At the first look nothing was known: its bounds are infinite.
    for before in (replace(first, lower=-1.0, upper=1.0), first):
        points = (before, last)
        content = view(replace(examples.running(), metrics=(replace(metric, points=points),))).content
        for line in re.findall(r'<polyline points="([^"]*)"', content):
            assert len(set(line.split())) > 1, "a line and not a dot"
