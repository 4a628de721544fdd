"""Parity in both faces: what differs is first, with the row and its two values."""

from __future__ import annotations

from collections.abc import Callable

import parity_examples as examples
import pytest
from view_checks import check_read, check_static
from widget_pages import Page

from widgets.parity import Parity

VIEWS: dict[str, Callable[[], Parity]] = {
    "same": examples.same,
    "diverged": examples.diverged,
    "empty": examples.empty,
    "many": examples.many,
    "hostile": examples.hostile,
}


@pytest.mark.parametrize("name", VIEWS)
def test_no_face_runs_or_fetches_anything(name: str) -> None:
    check_static(VIEWS[name]())


def test_hostile_values_are_read_as_they_are() -> None:
    check_read(examples.hostile().html_face())


@pytest.mark.parametrize("name", ["same", "diverged", "empty"])
def test_the_faces_are_the_golden_ones(golden: Callable[[str, str], None], name: str) -> None:
    view = VIEWS[name]()
    golden(f"parity_{name}.html", view.html_face())
    golden(f"parity_{name}.txt", repr(view))


def test_what_differs_comes_first_and_says_where() -> None:
    view = examples.diverged()
    names = [row.split("</th>")[0] for row in view.html_face().split('<th scope="row">')[1:]]
    assert names == ["height_xf", "score", "age_xf", "city_xf"]
    text = Page(view.html_face()).text
    assert "! 1 row by 3 ways: height_xf by SavedModel is the first that differs from training." in text
    assert "row 0: 170.75, not 170.5" in text
    assert "Left out: LiteRT int8: it could not be converted." in text
    assert "and 1 more" in repr(view)


def test_values_beyond_the_room_are_counted() -> None:
    text = Page(examples.many().html_face()).text
    assert "values not shown here" in text
    assert "feature_0_xf" in text
