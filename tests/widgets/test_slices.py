from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from widget_examples import slice_table
from widget_pages import Page

from widgets.slices import Slices
from widgets.values.slices import Metric, SliceTable


def _shown(view: Slices) -> list[str]:
    """The names of slices in the live face, from top to bottom; each has a button in its cell."""
    return [text.removeprefix("⇆") for text in Page(view.content).text_of("th") if text.startswith("⇆")]


def _values(view: Slices, metric: int = 0) -> np.ndarray:
    return view.table.judged[metric].values[view.found()]


def test_the_static_face_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    golden("slices.html", Slices(slice_table(12), compared=[1, 2]).html_face())


def test_the_live_face_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    view = Slices(slice_table(5))
    golden("slices_live.html", view.controls + view.content)


def test_the_text_face_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    golden("slices.txt", repr(Slices(slice_table(1_000))))


def test_the_worst_come_first_and_what_is_unknown_last() -> None:
    view = Slices(slice_table(1_000))
    values = _values(view)
    known = values[~np.isnan(values)]
    assert (np.diff(known) >= 0).all()
    assert np.isnan(values[len(known) :]).all()
    view.order = ("logloss", False)
    assert (np.diff(_values(view, 1)) <= 0).all()


def test_each_column_sorts_both_ways() -> None:
    view = Slices(slice_table(1_000), order=("examples", False))
    assert (np.diff(view.table.examples[view.found()]) <= 0).all()
    view.order = ("examples", True)
    assert (np.diff(view.table.examples[view.found()]) >= 0).all()
    view.order = ("auc", True)
    best = _values(view)
    assert best[0] == np.nanmax(view.table.judged[0].values[1:])
    assert np.isnan(best[-1])
    view.order = ("slice", True)
    names = [view.table.names[row].casefold() for row in view.found()]
    assert names == sorted(names, reverse=True)


def test_all_examples_together_stay_on_top_and_out_of_the_count() -> None:
    view = Slices(slice_table(1_000))
    assert _shown(view)[0] == "Overall"
    view.search = "page: 7"
    assert _shown(view)[0] == "Overall"
    assert "of 999 slices" in Page(view.content).text


def test_filters_narrow_down_together() -> None:
    view = Slices(slice_table(1_000), search="C1 PAGE", cut="country, page", at_least=50, failing=True)
    table = view.table
    expected = {
        row
        for row, name in enumerate(table.names)
        if "c1" in name.casefold()
        and table.cuts[row] == "country, page"
        and table.examples[row] >= 50
        and (table.judged[0].values[row] < 0.7 or table.judged[1].values[row] > 0.5)
    }
    assert set(view.found().tolist()) == expected
    assert expected


def test_pages_follow_one_another() -> None:
    view = Slices(slice_table(1_000))
    view.page = 1
    rows = view.found()[Slices.page_rows : 2 * Slices.page_rows]
    assert _shown(view)[1:] == [view.table.names[row] for row in rows]
    view.failing = True
    assert view.page == 0


def test_two_slices_are_put_side_by_side() -> None:
    view = Slices(slice_table(10))
    assert "side by side" not in Page(view.content).text
    view.compared = [1]
    assert "Press ⇆ at another slice" in Page(view.content).text
    view.compared = [1, 2]
    table = Page(view.content).text.split("Two slices side by side")[1]
    assert view.table.names[1] in table
    assert "auc, baseline" in table
    assert "apart" in table or "overlap" in table


def test_a_value_is_judged_by_the_thresholds_of_its_own_slice() -> None:
    auc = Metric("auc", np.array([0.8, 0.72, 0.5]), at_least=np.array([0.75, 0.55, np.nan]))
    ratio = Metric(
        "calibration",
        np.array([1.4, 1.4, 1.0]),
        at_least=np.full(3, 0.75),
        at_most=np.array([1.33, np.nan, 1.33]),
    )
    view = Slices(SliceTable(["All rows", "user: new", "page: 7"], np.full(3, 9.0), {"m": [auc, ratio]}))
    content = Page(view.content).text
    assert [mark for mark in ("✗ 0.8", "✗ 0.72", "✗ 0.5") if mark in content] == []
    assert content.count("✗ 1.4") == 1
    assert "auc ≥ 0.55 to 0.75" in view.html_face()
    assert "calibration ≤ 1.33" in view.html_face()
    assert "0 miss ≥ 0.55 to 0.75" in repr(view)


def test_one_model_needs_no_column_for_models() -> None:
    assert "Model" not in Page(Slices(slice_table(5, models=("candidate",))).content).text_of("th")


def test_the_spread_is_that_of_the_slices_found() -> None:
    view = Slices(slice_table(1_000))
    before = Page(view.content).text_of("figcaption")
    view.failing = True
    assert Page(view.content).text_of("figcaption") != before
    view.metric = "logloss"
    assert "logloss over slices" in Page(view.content).text_of("figcaption")[0]


def test_of_many_metrics_the_text_tells_of_those_with_a_threshold() -> None:
    metrics = [
        Metric(f"m{place}", np.array([0.5]), at_least=np.array([0.7 if place == 9 else np.nan]))
        for place in range(12)
    ]
    lines = repr(Slices(SliceTable(["a"], np.ones(1), {"m": metrics}))).splitlines()
    assert [line.split(":")[0] for line in lines[1:]] == ["m9", "m0", "m1", "m2", "and 8 metrics more"]


def test_a_slice_that_is_too_small_is_said_to_be() -> None:
    values = np.array([0.8, np.nan])
    table = SliceTable(
        ["a", "b"], np.array([500.0, 7.0]), {"m": [Metric("auc", values)]}, too_small=np.array([False, True])
    )
    large, small = (row for row in Page(Slices(table).content).text_of("tr") if "⇆" in row)
    assert "too small" not in large
    assert "7too small" in small


def test_columns_of_unequal_length_are_refused() -> None:
    metric = Metric("auc", np.zeros(3))
    with pytest.raises(ValueError, match="Expected 2 entries in auc of m, one per slice, found 3"):
        SliceTable(["a", "b"], np.ones(2), {"m": [metric]})


def test_models_with_other_metrics_are_refused() -> None:
    models = {"m": [Metric("auc", np.zeros(1))], "n": [Metric("loss", np.zeros(1))]}
    with pytest.raises(ValueError, match="Expected the same metrics for all models"):
        SliceTable(["a"], np.ones(1), models)


def test_what_came_of_a_press_is_told_below_the_button_that_was_pressed() -> None:
    view = Slices(slice_table(40))
    first, second, *_ = view.found().tolist()
    view.compared = [first]
    page = view.content
    hint = "Press ⇆ at another slice"
    assert page.index(f"compare {first}") < page.index(hint) < page.index(f"compare {second}")
    view.compared = [first, second]
    assert hint not in view.content
    _, _, below = view.content.partition(f"compare {second}")
    assert '<tr class="opened">' in below[: below.index('"compare ')]


def test_a_comparison_with_a_row_of_another_page_stands_above_the_table() -> None:
    view = Slices(slice_table(400))
    rows = view.found().tolist()
    view.compared = [rows[0], rows[-1]]
    assert "opened" not in view.content
    assert "Difference" in view.content.partition('class="kit-scroll"')[0]
