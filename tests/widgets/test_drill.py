"""The view of an extraction drill in all its faces."""

from __future__ import annotations

import re
from collections.abc import Callable

import drill_examples as examples
import pytest
from view_checks import check_faces, check_hostile, check_static
from widget_examples import HOSTILE
from widget_pages import Page

from widgets.drill import ExtractionDrill
from widgets.parts.formats import MISSING

VIEWS: dict[str, Callable[[], ExtractionDrill]] = {
    "sample": examples.view,
    "one": lambda: examples.view(only="top 10 only", measure="r2"),
    "nothing": examples.nothing,
    "refused": examples.refused,
    "hostile": lambda: examples.hostile(only=HOSTILE[1]),
}


@pytest.mark.parametrize("name", list(VIEWS))
def test_no_face_runs_or_fetches_anything(name: str) -> None:
    check_faces(VIEWS[name]())


def test_hostile_values_are_read_as_they_are() -> None:
    check_hostile(examples.hostile())


def test_the_static_face_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    golden("drill.html", examples.view().html_face())


def test_the_live_face_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    view = examples.view(only="noise 1", measure="overlap")
    golden("drill_live.html", view.controls + view.content)


def test_the_text_face_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    golden("drill.txt", repr(examples.view()))


def test_a_static_face_of_many_keeps_the_recommended_line() -> None:
    view = examples.many()
    check_static(view)
    page = Page(view.html_face())
    assert "protections left out here" in page.text
    assert "noise 2000" in page.text


def test_the_chart_shows_what_is_chosen() -> None:
    view = examples.view()
    assert view.content.count("<polyline") == 7
    view.only = "noise 1"
    assert view.content.count("<polyline") == 2
    assert "Rank correlation with the model" in view.content
    view.measure = "r2"
    assert "R² of the scores" in view.content
    view.only = "no such"
    assert view.content.count("<polyline") == 7


def test_what_is_not_known_of_a_running_server_is_not_made_up() -> None:
    rows = Page(examples.view().content).text_of("tr")
    assert rows[-1].count(MISSING) == 4
    assert rows[-2].count(MISSING) == 1  # NDCG


def test_nothing_to_show_is_said() -> None:
    assert repr(examples.nothing()) == "Extraction drill: nothing was asked."
    assert "none of the protections" in repr(examples.refused())
    assert "table" not in Page(examples.nothing().content).elements
    for face in (repr(ExtractionDrill(None)), *(Page(one).text for one in none_yet())):
        assert "attacks your own model with a budget" in face


def none_yet() -> tuple[str, str]:
    """Return both faces before anything was drilled."""
    view = ExtractionDrill(None)
    check_faces(view)
    return view.content, view.html_face()


def test_the_legend_tells_lines_of_one_colour_apart() -> None:
    looks = re.findall(r'<i class="(s\d line[^"]*)">', examples.view().content)
    assert len(looks) == 7, "one a protection, of six colours"
    assert len(set(looks)) == 7
