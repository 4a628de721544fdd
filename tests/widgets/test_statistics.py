from __future__ import annotations

from collections.abc import Callable

import pytest
import traitlets
from widget_examples import SPLITS, few_features, many_features
from widget_pages import Page

from widgets.statistics import Statistics
from widgets.values.statistics import Histogram


def _shown(view: Statistics) -> list[str]:
    """The names of features in the live face, from top to bottom."""
    return [text for text in Page(view.content).text_of("button") if text.startswith("feature_")]


def test_the_static_face_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    golden("statistics.html", Statistics(few_features(), SPLITS).html_face())


def test_the_live_face_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    view = Statistics(few_features(), SPLITS, opened="age", weighted=True)
    golden("statistics_live.html", view.controls + view.content)


def test_the_text_face_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    golden("statistics.txt", repr(Statistics(few_features(), SPLITS)))


def test_live_and_static_face_have_the_same_rows() -> None:
    view = Statistics(few_features(), SPLITS)
    facts = [
        "12.5",
        "CN: 50%",
        "DE: 25%",
        "한국: 12.5%",
        "2026-01-01",
        "drift 0.31 > 0.1",
        "lists of text",
    ]
    for face in (view.html_face(), view.content):
        assert [fact for fact in facts if fact not in Page(face).text] == []


def test_searching_finds_all_words_in_any_case() -> None:
    view = Statistics(many_features(), SPLITS)
    view.search = "FEATURE 49"
    assert [feature.name for feature in view.found()] == [
        name for name in (f"feature_{number:03}" for number in range(500)) if "49" in name
    ]
    assert _shown(view) == [feature.name for feature in view.found()][: Statistics.page_rows]
    assert "15 of 500 features" in Page(view.content).text


def test_searching_for_nothing_known_says_so() -> None:
    view = Statistics(many_features(10), SPLITS, search="nowhere")
    assert Page(view.content).text == "0 of 10 features"


def test_sorting_by_missing_and_by_drift_brings_the_most_first() -> None:
    view = Statistics(many_features(), SPLITS, order="missing")
    shares = [feature.missing_share for feature in view.found()]
    assert shares == sorted(shares, reverse=True)
    view.order = "drift"
    values = [feature.drift.value for feature in view.found() if feature.drift]
    assert values == sorted(values, reverse=True)
    assert all(feature.drift is None for feature in view.found()[len(values) :])


def test_a_new_search_or_order_begins_at_the_first_page() -> None:
    view = Statistics(many_features(), SPLITS)
    view.page = 3
    assert _shown(view)[0] == f"feature_{3 * Statistics.page_rows:03}"
    view.order = "name"
    assert view.page == 0
    view.page = 2
    view.search = "1"
    assert view.page == 0


def test_a_page_past_the_end_shows_the_last_one() -> None:
    view = Statistics(many_features(45), SPLITS)
    view.page = 99
    assert _shown(view) == [f"feature_{number:03}" for number in range(40, 45)]


def test_opening_a_feature_shows_its_quantiles_and_closing_hides_them() -> None:
    view = Statistics(few_features(), SPLITS)
    assert "Quantile" not in view.content
    view.opened = "age"
    assert "Quantile" in view.content
    assert "within the threshold 0.1" in Page(view.content).text
    view.opened = ""
    assert "Quantile" not in view.content


def test_weights_change_the_numbers_of_features_that_have_them() -> None:
    view = Statistics(few_features(), SPLITS)
    assert "15.5" not in Page(view.content).text
    view.weighted = True
    assert "15.5" in Page(view.content).text
    assert 'data-trait="weighted"' in view.controls
    assert 'data-trait="weighted"' not in Statistics(many_features(3), SPLITS).controls


def test_logarithmic_heights_make_rare_values_visible() -> None:
    view = Statistics(few_features(), SPLITS)
    before = view.content
    view.logarithmic = True
    assert view.content != before


def test_an_order_that_is_none_is_refused() -> None:
    with pytest.raises(traitlets.TraitError, match="order"):
        Statistics(few_features(), SPLITS, order="colour")


def test_a_histogram_whose_edges_and_counts_do_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="one edge more than counts, found 2 and 2"):
        Histogram((0.0, 1.0), (1.0, 2.0))
