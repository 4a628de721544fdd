"""The heat map of distances and the curves of a feature, in all their faces."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import drift_examples as examples
import pytest
from drift_examples import DAY_BEFORE, TRAINING
from view_checks import check_faces
from widget_examples import HOSTILE
from widget_pages import Page

from widgets.drift import MOST_DAYS, Drift
from widgets.parts.formats import MISSING

VIEWS: dict[str, Callable[[], Drift]] = {
    "empty": examples.empty,
    "one day": lambda: examples.one_day(opened="price"),
    "few": lambda: examples.few(opened="device"),
    "many": lambda: examples.many(opened="feature_000"),
    "a year": lambda: examples.many(40, 366, opened="feature_000"),
    "hostile": lambda: examples.hostile(opened=HOSTILE[0]),
}


@pytest.fixture(params=list(VIEWS))
def view(request: pytest.FixtureRequest) -> Drift:
    return VIEWS[request.param]()


def names(view: Drift) -> list[str]:
    return [feature.name for feature in view.found()]


def test_no_face_runs_or_fetches_anything(view: Drift) -> None:
    check_faces(view)


def test_hostile_names_are_read_as_they_are() -> None:
    view = examples.hostile(opened=HOSTILE[0])
    for markup in (view.html_face(), view.controls + view.content):
        text = Page(markup).text
        assert [name for name in HOSTILE if name not in text] == []


@pytest.mark.parametrize("name", ["empty", "few"])
def test_the_faces_are_the_golden_ones(golden: Callable[[str, str], None], name: str) -> None:
    view = VIEWS[name]()
    golden(f"drift_{name}.html", view.html_face())
    golden(f"drift_{name}.txt", repr(view))
    golden(f"drift_{name}_live.html", view.controls + view.content)


def test_a_cell_has_the_number_and_a_sign_where_it_is_too_far() -> None:
    page = Page(examples.few().content)
    cells = page.text_of("td")
    assert "✗ 0.997" in cells
    assert "0.09" in cells
    assert "✗ 0.11" in cells
    assert cells.count(MISSING) == 6, "a score cannot be compared with the training data"


def test_the_further_the_stronger_is_the_colour() -> None:
    strengths = [int(one) for one in re.findall(r"--heat:(\d+)%", examples.few(search="device").content)]
    assert strengths == sorted(strengths)
    assert 0 < strengths[0] < strengths[-1] <= 46


def test_the_farthest_feature_is_first_by_its_threshold() -> None:
    assert names(examples.few()) == ["price", "device", "region", "age", "prediction_score"]
    assert names(examples.few(order="name"))[:2] == ["age", "device"]
    assert names(examples.few(order="given"))[:2] == ["region", "device"]
    assert names(examples.few(against=DAY_BEFORE))[:2] == ["prediction_score", "price"]


def test_a_search_leaves_the_names_that_have_its_words() -> None:
    assert names(examples.few(search=" PRI ")) == ["price"]
    view = examples.many(45)
    view.page = 2
    view.search = "feature_01"
    assert (view.page, len(view.found())) == (0, 10)
    assert "10 of 45 features" in Page(view.content).text


def test_another_comparison_has_other_cells() -> None:
    view = examples.few(search="price")
    assert "✗ 0.997" in Page(view.content).text_of("td")
    assert view.against == TRAINING
    view.against = DAY_BEFORE
    assert Page(view.content).text_of("td")[0] == MISSING, "the first day has no day before"


def test_a_feature_opens_into_curves_against_everything_and_its_threshold() -> None:
    view = examples.few()
    assert "polyline" not in view.content
    view.opened = "device"
    assert view.content.count("<polyline") == 4
    text = Page(view.content).text
    for word in ("to the training data", "limit to the day before", "2026-01-03", "2026-01-08"):
        assert word in text
    assert f'data-value="{json.dumps("").replace(chr(34), "&quot;")}"' in view.content, "and closes again"


def test_many_days_and_features_are_bounded_and_say_so() -> None:
    view = examples.many(45, 90)
    page = Page(view.content)
    assert page.elements.count("th") == 1 + MOST_DAYS + Drift.page_rows
    assert f"of which the last {MOST_DAYS} are shown" in page.text
    static = Page(examples.many(3_000, 90).html_face())
    assert "features left out here; the live view in JupyterLab has all" in static.text


def test_one_feature_is_not_told_as_several() -> None:
    assert "1 feature on 2026-01-03;" in Page(examples.one_day().content).text
    assert "1 of 5 features on 6 days" in Page(examples.few(search="price").content).text


def test_the_text_face_names_what_is_too_far() -> None:
    assert repr(examples.few()).splitlines() == [
        "Drift of 5 features on 6 days from 2026-01-03 to 2026-01-08",
        "Too far from the training data: price 0.9967 > 0.1, device 0.14 > 0.1",
        "Too far from the day before: prediction_score 1 > 0.1, price 0.9967 > 0.1",
    ]
    assert repr(examples.empty()) == "Drift: no day to compare."
