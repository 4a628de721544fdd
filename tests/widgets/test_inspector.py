from __future__ import annotations

from collections.abc import Callable

import pytest
import traitlets
from inspector_examples import (
    ROW,
    Graph,
    all_missing,
    few_columns,
    hostile_columns,
    inspector,
    many_columns,
    nothing,
    one_column,
)
from view_checks import check_faces, check_hostile
from widget_examples import SPLITS
from widget_pages import Page

from widgets.inspector import TransformInspector
from widgets.parts.inspector_detail import PAGE_WORDS
from widgets.view import View

FACES: dict[str, Callable[[], View]] = {
    "empty": lambda: TransformInspector([], {}, nothing),
    "one row": one_column,
    "all missing": all_missing,
    "500 features": many_columns,
    "5000 features": lambda: many_columns(5_000),
    "a million words": lambda: many_columns(2, 1_000_000),
    "hostile": hostile_columns,
}


@pytest.mark.parametrize("name", FACES)
def test_no_face_runs_or_fetches_anything(name: str) -> None:
    check_faces(FACES[name]())


def test_hostile_values_are_read_as_they_are() -> None:
    check_hostile(hostile_columns())


def test_the_static_face_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    golden("inspector.html", inspector().html_face())


def test_the_live_face_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    view = inspector(row=7, opened="city", written={"age": {"text": "old"}})
    golden("inspector_live.html", view.controls + view.content)


def test_the_text_face_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    golden("inspector.txt", repr(inspector()))


def test_rows_are_turned_and_chosen() -> None:
    graph = Graph()
    view = inspector(graph)
    assert "Row 0 of train" in Page(view.content).text
    view.row = 5
    assert graph.calls[-1] == ("train", 5, {})
    assert "0.5" in Page(view.content).text_of("b")
    view.row = 10**9
    assert view.row == SPLITS["train"] - 1
    view.split = "eval"
    assert view.row == SPLITS["eval"] - 1, "the nearest that there is"
    view.row = -3
    assert view.row == 0


def test_the_graph_is_asked_once_a_row() -> None:
    graph = Graph()
    view = inspector(graph)
    assert view.content
    asked = len(graph.calls)
    view.search, view.opened = "age", "age"
    assert len(graph.calls) == asked


def test_a_row_is_written_over_and_given_back() -> None:
    graph = Graph()
    view = inspector(graph)
    view.written = {"age": {"text": "12"}, "city": {"text": ROW["city"]}, "other": {"text": "x"}}
    assert view.written == {"age": {"text": "12"}}, "neither what was there, nor what is no column"
    assert graph.calls[-1] == ("train", 0, {"age": "12"})
    text = Page(view.content).text
    assert "1 written over" in text
    assert "below 18" in text
    assert "Discard changes" in text
    view.row = 1
    assert view.written == {}, "another row is looked at as it is"


def test_an_invalid_value_says_why() -> None:
    view = inspector(written={"age": {"text": "old"}})
    assert "✗ this is a whole number, not 'old'" in Page(view.content).text
    assert 'aria-invalid="true"' in view.content
    assert "1 value not valid; nothing is transformed" in Page(view.content).text
    assert "from 18" not in Page(view.content).text
    view.written = {"age": {"text": "100"}}
    assert "✗ the graph does not take this row: too old" in Page(view.content).text


def test_a_row_by_hand_begins_without_values() -> None:
    graph = Graph()
    view = inspector(graph, split="")
    assert "A row written by hand" in Page(view.content).text
    assert graph.calls[-1] == ("", 0, {})
    assert "Next row" not in Page(view.content).text_of("button")
    view.written = {"city": {"text": "Oslo"}}
    assert graph.calls[-1] == ("", 0, {"city": "Oslo"})
    assert "Oslo" in Page(view.content).text


def test_an_unknown_split_is_refused() -> None:
    with pytest.raises(traitlets.TraitError, match="Expected one of the splits train, eval, found 'test'"):
        inspector(split="test")


def test_columns_are_searched_by_feature_too_and_sorted() -> None:
    view = inspector(search="price")
    assert [feature.name for feature in view.found()] == ["age"]
    view.search, view.order = "", "outside"
    assert view.found()[0].name == "city"
    view = many_columns()
    view.page = 3
    assert "61 to 80 of 500" in Page(view.content).text
    view.search = "column_00"
    assert view.page == 0
    assert len(view.found()) == TransformInspector.page_rows / 2


def test_words_are_searched_whatever_their_case_and_paged() -> None:
    view = many_columns()
    assert f"1 to {PAGE_WORDS} of 2,000" in Page(view.content).text
    view.word_page = 2
    assert "word 24" in Page(view.content).text_of("th")
    view.word = "WORD 19"
    assert view.word_page == 0
    assert "111 of 2,000 words" in Page(view.content).text
    view.opened = "column_003"
    assert view.word == "", "another vocabulary is looked at from its beginning"


def test_counts_edges_and_rates_are_shown() -> None:
    view = inspector(opened="age")
    page = Page(view.content)
    assert "Buckets of age_xf" in page.text
    assert "9,000 · 75%" in page.text
    assert view.content.count('class="mark"') == 3, "two edges and what they are called"
    view.opened = "city"
    assert "eval 16.7% (500 of 3,000)" in Page(view.content).text


def test_what_was_counted_and_what_nobody_uses_is_told() -> None:
    columns = [feature for feature in few_columns() if feature.name]
    view = TransformInspector(columns, SPLITS, Graph().look, counted=5_000)
    assert "counted in the first 5,000 rows of train." in Page(view.content).text
    assert "No feature uses the vocabulary" in Page(hostile_columns().content).text


def test_a_record_of_plain_values_is_enough() -> None:
    output = {
        "name": "x_xf",
        "sources": ("x",),
        "vocabulary": {"name": "x", "words": ("a",)},
        "edges": (),
        "counts": {"train": (4,)},
        "outside": {"train": (1, 5)},
    }
    numbers = {"least": 0.0, "most": 1.0, "histogram": {"edges": (0.0, 1.0), "counts": (5.0,)}}
    statistics = {
        "name": "y",
        "kind": "number",
        "splits": {"train": {"present": 5, "missing": 0, "numbers": numbers}},
    }
    columns = [
        {"name": "x", "kind": "text", "outputs": [output], "statistics": None},
        {"name": "y", "kind": "number", "outputs": [], "statistics": statistics},
    ]
    summary = {
        "features": columns, "rows": {"train": 5}, "unused": [{"name": "z", "words": ("b",)}], "counted": 9,
    }  # fmt: skip
    view = TransformInspector.of(summary, nothing, opened="x")
    assert "train 20% (1 of 5)" in Page(view.content).text
    assert "the vocabulary z, 1 word: b" in Page(view.content).text
    view.opened = "y"
    assert "<svg" in view.content
