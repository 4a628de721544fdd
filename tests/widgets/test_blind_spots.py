"""The list of blind spots in all its faces."""

from __future__ import annotations

from collections.abc import Callable

import blind_spot_examples as examples
import pytest
from view_checks import check_faces, check_hostile
from widget_examples import HOSTILE
from widget_pages import Page

from widgets.blind_spots import BlindSpots
from widgets.parts.formats import MISSING

VIEWS: dict[str, Callable[[], BlindSpots]] = {
    "few": lambda: examples.few_spots(opened="device=mobile, price from 20 to below 50"),
    "none": examples.no_spots,
    "nothing to search": examples.nothing_to_search,
    "many": lambda: examples.many_spots(opened="item=i0, device=mobile"),
    "hostile": lambda: examples.hostile_spots(opened=HOSTILE[0]),
}


@pytest.mark.parametrize("name", list(VIEWS))
def test_no_face_runs_or_fetches_anything(name: str) -> None:
    check_faces(VIEWS[name]())


def test_hostile_values_are_read_as_they_are() -> None:
    check_hostile(examples.hostile_spots(opened=HOSTILE[1]))


def test_the_static_face_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    golden("blind_spots.html", examples.few_spots().html_face())


def test_the_live_face_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    view = examples.few_spots(opened="device=mobile, price from 20 to below 50")
    golden("blind_spots_live.html", view.controls + view.content)


def test_the_text_face_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    golden("blind_spots.txt", repr(examples.few_spots()))


def test_without_blind_spots_it_says_how_much_was_searched() -> None:
    assert repr(examples.no_spots()) == "No blind spot among 98,113 slices of 4,000 rows."
    page = Page(examples.no_spots().content)
    assert "✓ No blind spot" in page.text
    assert "table" not in page.elements
    assert repr(examples.nothing_to_search()).startswith("Nothing to search")


def test_a_slice_is_opened_with_its_evidence_and_its_lines() -> None:
    view = examples.few_spots()
    assert "pre" not in Page(view.content).elements
    view.opened = "hour of timestamp=3, region=東京"
    page = Page(view.content)
    [text] = page.text_of("pre")
    assert text.startswith("# hour of timestamp=3")
    assert "+2.0 points (+0.4 to +3.6 points)" in page.text
    assert "by chance in any of the slices is 0.0031" in page.text
    assert f"AUC {MISSING}; of the rows" in page.text


def test_slices_are_searched_and_turned_page_by_page() -> None:
    view = examples.many_spots()
    assert len(Page(view.content).text_of("tr")) == BlindSpots.page_rows + 1
    view.page = 3
    view.search = "I4 mobile"
    assert view.page == 0
    assert all("i4" in spot.name for spot in view.found())
    assert f"1 to {BlindSpots.page_rows} of 111" in Page(view.content).text
