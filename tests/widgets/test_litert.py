"""LiteRT files side by side, in both faces."""

from __future__ import annotations

from collections.abc import Callable

import litert_examples as examples
import pytest
from view_checks import check_read, check_static
from widget_pages import Page

from widgets.litert import LiteRTFiles
from widgets.parts.formats import MISSING
from widgets.parts.litert_rows import decimals

VIEWS: dict[str, Callable[[], LiteRTFiles]] = {
    "sample": examples.sample,
    "beyond": lambda: examples.sample("int8"),
    "refused": examples.refused,
    "without_quality": examples.without_quality,
    "empty": examples.empty,
    "hostile": examples.hostile,
}


@pytest.mark.parametrize("name", VIEWS)
def test_no_face_runs_or_fetches_anything(name: str) -> None:
    check_static(VIEWS[name]())


def test_hostile_values_are_read_as_they_are() -> None:
    check_read(examples.hostile().html_face())


@pytest.mark.parametrize("name", ["sample", "beyond", "refused", "without_quality", "empty"])
def test_the_faces_are_the_golden_ones(golden: Callable[[str, str], None], name: str) -> None:
    view = VIEWS[name]()
    golden(f"litert_{name}.html", view.html_face())
    golden(f"litert_{name}.txt", repr(view))


def test_the_verdict_is_about_the_variant_that_is_meant_for_use() -> None:
    good, bad = (Page(examples.sample(name).html_face()).text for name in ("dynamic_range", "int8"))
    assert "✓ dynamic_range is meant for use: 82.0 kB, 37.7% of float; of AUC it loses 0.0000" in good
    assert "! int8 is meant for use: " in bad
    assert "0.0166 on category: fashion, and 0.01 is allowed." in bad


def test_a_loss_that_is_not_known_is_no_success() -> None:
    text = Page(examples.without_quality().html_face()).text
    assert "! float is meant for use: 217.3 kB, 100% of float; what it loses of R² is not known." in text


def test_a_loss_beyond_the_limit_is_marked_whoever_it_is_of() -> None:
    assert examples.sample().html_face().count("! 0.0166") == 1


def test_a_refused_file_says_why_in_the_place_of_numbers() -> None:
    view = examples.refused()
    assert Page(view.html_face()).text.count(examples.REFUSED) == 2
    assert "dynamic_range is meant for use, but could not be made." in repr(view)
    assert "int8: refused" in repr(view)


def test_the_longest_bar_is_that_of_the_largest() -> None:
    html = examples.sample().html_face()
    assert html.count("width:100%") == 3
    assert "width:38%" in html, "dynamic_range beside float"


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, MISSING), (0.01234, "0.0123"), (-0.5, "-0.5000"), (-1e-6, "0.0000"), (0.0, "0.0000")],
)
def test_what_is_too_small_to_show_has_no_sign(value: float | None, text: str) -> None:
    assert decimals(value) == text
