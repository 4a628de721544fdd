"""Live quality by day, as HTML and as text."""

from __future__ import annotations

from collections.abc import Callable

import drift_examples as examples
import pytest
from view_checks import check_static
from widget_examples import HOSTILE
from widget_pages import Page

from widgets.live_quality import LiveQuality
from widgets.parts.formats import MISSING

FACES: dict[str, Callable[[], LiveQuality]] = {
    "empty": lambda: LiveQuality([], "auc", {}, "No label has arrived."),
    "few": examples.live,
    "ten years": lambda: examples.live(3650),
    "hostile": examples.hostile_live,
}


@pytest.fixture(params=list(FACES))
def face(request: pytest.FixtureRequest) -> LiveQuality:
    return FACES[request.param]()


def test_it_runs_and_fetches_nothing(face: LiveQuality) -> None:
    check_static(face)


@pytest.mark.parametrize("name", ["empty", "few"])
def test_the_faces_are_the_golden_ones(golden: Callable[[str, str], None], name: str) -> None:
    face = FACES[name]()
    golden(f"live_quality_{name}.html", face.html_face())
    golden(f"live_quality_{name}.txt", repr(face))


def test_hostile_words_are_read_as_they_are() -> None:
    text = Page(examples.hostile_live().html_face()).text
    assert [word for word in (*HOSTILE[:2], HOSTILE[3].capitalize()) if word not in text] == []


def test_days_are_newest_first_with_counts_and_what_is_not_known_yet() -> None:
    page = Page(examples.live().html_face())
    assert page.text_of("th")[-6:] == [f"2026-01-0{day}" for day in range(8, 2, -1)]
    newest = page.text_of("td")[:9]
    assert newest == ["4,000", "0", "4,000", "0", "0", "0", MISSING, MISSING, MISSING]
    assert page.text_of("small")[0] == "[0.72, 0.86]", "below its value: in one line the table was too wide"
    assert "auc before the push: 0.8133 [0.7904, 0.8361]" in page.text


def test_earlier_days_are_left_out_where_there_are_too_many() -> None:
    assert "earlier days left out" in Page(examples.live(3650).html_face()).text


def test_one_day_has_no_curve() -> None:
    assert "polyline" not in examples.live(2).html_face()
    assert examples.live(3).html_face().count("<polyline") == 4
