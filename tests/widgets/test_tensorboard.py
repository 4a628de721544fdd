"""TensorBoard's view: the frame of its server for a person, pictures of its curves for everyone else."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from training_examples import HOSTILE_CURVES, ODD_CURVES, FakeServer, curves
from view_checks import check_static
from widget_examples import HOSTILE
from widget_pages import Page

from widgets.parts.curves import thinned
from widgets.tensorboard import TensorBoard
from widgets.values.training import Curves

CURVES: dict[str, Curves] = {
    "empty": {},
    "one": curves(1, 1, 1),
    "odd": ODD_CURVES,
    "500 tags": curves(500, 4, 300),
    "100 runs": curves(5, 100, 1000),
    "hostile": HOSTILE_CURVES,
}


def test_the_faces_are_the_golden_ones(golden: Callable[[str, str], None]) -> None:
    view = TensorBoard(FakeServer(curves()))
    golden("tensorboard.html", view.html_face())
    golden("tensorboard.txt", repr(view))
    golden("tensorboard_live.html", view.content)


@pytest.mark.parametrize("name", list(CURVES))
def test_static_faces_are_small_and_run_nothing(name: str) -> None:
    server = FakeServer(CURVES[name])
    check_static(TensorBoard(server))
    assert server.asked == [], "a batch starts no server"


def test_hostile_names_are_read_as_they_are() -> None:
    page = Page(TensorBoard(FakeServer(HOSTILE_CURVES)).html_face())
    assert [text for text in HOSTILE if text not in page.text] == []


def test_what_is_left_out_is_said() -> None:
    face = TensorBoard(FakeServer(curves(5, 100, 10))).html_face()
    assert "5 curves of 100 runs" in face
    assert "82 runs are left out here" in face
    assert "are left out here" in TensorBoard(FakeServer(curves(500, 18, 200))).html_face()


def test_it_is_stopped_and_started_by_a_person() -> None:
    server = FakeServer(curves())
    view = TensorBoard(server, height=300)
    assert 'data-address="kit/tensorboard/0123456789abcdef/"' in view.content
    assert "height:300px" in view.content
    view.running = False
    assert "Start TensorBoard" in view.content
    assert "<svg" in view.content
    view.running = True
    assert "<iframe" in view.content
    assert server.asked == ["start", "stop", "start"]


def test_why_it_did_not_start_is_said_above_the_curves() -> None:
    content = TensorBoard(FakeServer(curves(), problem="no <room> left")).content
    assert "✗ no &lt;room&gt; left" in content
    assert "<svg" in content


def test_a_long_curve_keeps_its_peaks_and_its_end() -> None:
    points = [(float(step), math.sin(step / 50)) for step in range(10_000)]
    points[4321] = (4321.0, 99.0)
    kept = thinned(points)
    assert len(kept) <= 210
    assert (4321.0, 99.0) in kept
    assert kept[-1] == points[-1]
    assert kept == sorted(kept)
    assert thinned(points[:10]) == points[:10]
