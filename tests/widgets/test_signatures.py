from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
import traitlets
from signatures_examples import (
    ROW,
    ROWS,
    Model,
    all_missing,
    answer_nothing,
    few_signatures,
    form,
    hostile_signatures,
    many_fields,
    many_signatures,
    one_row,
    take_nothing,
)
from view_checks import check_faces, check_hostile
from widget_pages import Page

from widgets.signatures import Signatures
from widgets.values.signatures import Answered
from widgets.view import View

FACES: dict[str, Callable[[], View]] = {
    "empty": lambda: Signatures([], {}, take_nothing, answer_nothing),
    "one row": one_row,
    "all missing": all_missing,
    "500 fields": many_fields,
    "5000 fields": lambda: many_fields(5_000),
    "500 signatures": many_signatures,
    "hostile": hostile_signatures,
}


@pytest.mark.parametrize("name", FACES)
def test_no_face_runs_or_fetches_anything(name: str) -> None:
    check_faces(FACES[name]())


def test_hostile_values_are_read_as_they_are() -> None:
    check_hostile(hostile_signatures())


def test_the_static_face_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    golden("signatures.html", form().html_face())


def test_the_live_face_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    view = form(row=7)
    view.asked = ["send"]
    view.signature = "examples"
    view.asked = ["send"]
    golden("signatures_live.html", view.controls + view.content)


def test_the_text_face_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    golden("signatures.txt", repr(form()) + "\n" + repr(form(written={"examples": {"age": "old"}})))


def test_where_nobody_asks_each_signature_is_asked_once() -> None:
    model = Model()
    view = form(model)
    assert view._repr_mimebundle_()
    assert repr(view)
    assert [name for name, _ in model.calls] == ["serving_default", "examples"]
    assert view.answers == [], "what a person sent is apart"


def test_a_row_is_taken_written_over_and_sent() -> None:
    model = Model()
    view = form(model)
    assert "Nothing was sent yet." in Page(view.content).text
    view.row = 5
    view.written = {"serving_default": {"city": "Rom", "age": "35"}, "other": {"age": "1"}}
    assert view.written == {"serving_default": {"city": "Rom"}}, "neither what is there, nor of no signature"
    view.asked = ["send"]
    assert model.calls == [("serving_default", {**ROW, "age": "35", "city": "Rom"})]
    text = Page(view.content).text
    assert "✓ serving_default answered in 1.23 ms: row 5 of eval, 1 value changed" in text
    assert "0.35" in text
    assert view.asked == [], "so that it can be pressed again"
    view.asked = ["send"]
    assert len(model.calls) == 2
    assert "Earlier answers" in Page(view.content).text
    view.row = 6
    assert view.written == {}
    assert "row 5 of eval" in Page(view.content).text, "the answer says what it is an answer to"


def test_a_press_is_cleared_before_it_is_answered() -> None:
    """The browser holds what was pressed until then, and pressing the same button again is no change to it."""
    model = Model()
    held: list[object] = []

    def send(name: str, texts: Mapping[str, str]) -> Answered:
        held.append(view.asked)
        return model.send(name, texts)

    view = Signatures(few_signatures(), ROWS, model.take, send)
    view.asked = ["send"]
    assert held == [[]]


def test_a_text_goes_into_the_row_that_it_was_written_over() -> None:
    view = form()
    view.written = {"serving_default": {"city": "Rom"}}
    message = {"cell": "written", "path": ["serving_default", "age"], "text": "41"}
    view._handle_custom_msg({**message, "over": {"split": "train", "row": 12}}, [])
    assert (view.split, view.row, view.written) == ("train", 12, {"serving_default": {"age": "41"}})
    view.row = 12  # comes later: the browser held it back
    assert view.written == {"serving_default": {"age": "41"}}


def test_a_number_beyond_its_limits_is_put_right_in_the_browser_too(monkeypatch: pytest.MonkeyPatch) -> None:
    view = form(row=2_999)
    sent: list[list[str]] = []
    monkeypatch.setattr(view, "send_state", sent.append)
    view.set_state({"row": 9_999, "search": "age"})
    view.set_state({"row": 7})
    assert sent == [["row"], []]


def test_what_cannot_be_sent_says_why_until_it_is_changed() -> None:
    view = form(written={"serving_default": {"age": "old"}})
    view.asked = ["send"]
    text = Page(view.content).text
    assert "✗ 1 value not valid; nothing was sent" in text
    assert "✗ this is a whole number, not 'old'" in text
    assert 'aria-invalid="true"' in view.content
    view.written = {"serving_default": {"age": "31"}}
    assert "this is a whole number" not in Page(view.content).text
    view.written = {"serving_default": {"age": "100"}}
    view.asked = ["send"]
    assert "✗ the model does not answer: too old" in Page(view.content).text


def test_each_signature_keeps_what_was_written() -> None:
    view = form(written={"serving_default": {"age": "31"}, "examples": {"note": "x"}})
    assert view.texts("serving_default") == {**ROW, "age": "31"}
    assert view.texts("examples") == {**ROW, "note": "x"}
    view.split = ""
    assert set(view.texts("serving_default").values()) == {""}, "an empty form"
    view.written = {"serving_default": {"age": "40"}}
    view.asked = ["send"]
    assert "a form filled in by hand" in Page(view.content).text


def test_a_few_answers_are_kept() -> None:
    view = form()
    for row in range(20):
        view.row = row
        view.asked = ["send"]
    assert [sent.source for sent in view.answers] == [f"row {row} of eval" for row in range(14, 20)]
    rows = Page(view.content).text
    assert "row 18 of eval" in rows
    assert "row 12 of eval" not in rows


def test_rows_are_within_their_split() -> None:
    view = form(row=10**9)
    assert view.row == ROWS["eval"] - 1
    view.split, view.row = "train", 11_000
    view.split = "eval"
    assert view.row == ROWS["eval"] - 1


@pytest.mark.parametrize(
    ("trait", "value", "message"),
    [
        ("signature", "rank", "Expected one of serving_default, examples as signature, found 'rank'"),
        ("split", "test", "Expected one of eval, train as split, found 'test'"),
    ],
)
def test_what_is_unknown_is_refused(trait: str, value: str, message: str) -> None:
    view = form()
    with pytest.raises(traitlets.TraitError, match=message):
        setattr(view, trait, value)


def test_many_fields_are_searched_and_paged() -> None:
    view = many_fields()
    assert "1 to 20 of 500" in Page(view.content).text
    assert 'data-trait="search"' in view.controls
    assert 'data-trait="search"' not in form().controls
    view.page = 3
    assert "column_060" in view.content
    view.search = "499"
    assert [field.name for field in view.found()] == ["column_499"]
    assert view.page == 0


def test_a_record_of_plain_values_is_enough() -> None:
    tensor = {"name": "age", "dtype": "int64", "shape": "[any]"}
    one = {
        "name": "serving_default",
        "inputs": [tensor],
        "outputs": [tensor],
        "fields": [{"name": "age", "dtype": "int64", "hint": ""}],
    }
    model = Model()
    view = Signatures.of({"signatures": [one], "rows": {"eval": 2}}, model.take, model.send)
    assert "1 input, one row." in Page(view.content).text
