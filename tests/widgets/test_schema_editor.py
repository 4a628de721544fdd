from __future__ import annotations

from collections.abc import Callable

import pytest
import traitlets
from decision_examples import Desk, few_rules, many_rules
from widget_pages import Page

from widgets.schema_editor import SchemaEditor

EDITS = {"age": {"presence": "2", "least": "5"}, "city": {"values": "Rom"}}


def _editor(desk: Desk | None = None, **state: object) -> SchemaEditor:
    desk = desk or Desk()
    return SchemaEditor(desk.rules, desk.check, desk.save, **state)


def test_the_static_face_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    golden("schema_editor.html", _editor(edits=EDITS).html_face())


def test_the_live_face_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    view = _editor(edits=EDITS)
    golden("schema_editor_live.html", view.controls + view.content)


def test_the_text_face_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    golden("schema_editor.txt", repr(_editor()) + "\n" + repr(_editor(edits=EDITS)))


def test_edits_are_checked_once_and_shown() -> None:
    desk = Desk()
    view = _editor(desk)
    assert "Nothing differs." in Page(view.content).text
    view.edits = EDITS
    assert desk.calls == [("check", {}), ("check", EDITS)]
    text = Page(view.content).text
    assert "2 changes to the saved schema, 1 value not valid, no anomalies with it" in text
    assert "✗ this is a share from 0 to 1, not 2" in text
    assert "saved: 0.98" in text
    assert 'aria-invalid="true"' in view.content
    view.search = "city"
    assert len(desk.calls) == 2, "searching is not checking"


def test_a_text_written_back_is_no_edit() -> None:
    view = _editor(edits=EDITS)
    view.edits = {"age": {"presence": "0.98", "least": "6"}, "city": {"values": few_rules()[2].values}}
    assert view.edits == {"age": {"least": "6"}}


def test_the_cells_fit_the_type_as_it_is_edited() -> None:
    view = _editor(search="city")
    assert "Allowed values, city" in view.content
    assert "Least, city" not in view.content
    view.edits = {"city": {"type": "INT"}}
    assert "Least, city" in view.content
    assert "Allowed values, city" in view.content, "what is saved there stays in sight"


def test_what_is_saved_is_the_new_ground() -> None:
    desk = Desk()
    view = _editor(desk, edits={"age": {"least": "5"}}, who="Ann")
    view.why = "younger <b>"
    view.asked = ["save", ""]
    view.asked = ["save", ""]  # a double press
    saved = [call for call in desk.calls if call[0] == "save"]
    assert saved == [("save", {"age": {"least": "5"}}, "Ann", "younger <b>")]
    assert (view.edits, view.why, view.asked) == ({}, "", [])
    assert view.rules["age"].least == "5"
    text = Page(view.content).text
    assert "✓ 1 saved by Ann: younger <b>." in text
    assert "Nothing differs." in text
    view.edits = {"age": {"least": "4"}}
    assert "saved by Ann" not in Page(view.content).text, "the news is over with the next edit"


def test_a_refused_save_keeps_the_edits() -> None:
    view = _editor(edits={"age": {"least": "5"}})
    for _ in range(2):
        view.asked = ["save", ""]
        assert "✗ To save needs a name" in Page(view.content).text
        assert view.edits == {"age": {"least": "5"}}


def test_search_pages_and_only_edited() -> None:
    desk = Desk(many_rules())
    view = _editor(desk)
    assert "1 to 20 of 500" in Page(view.content).text
    assert len(Page(view.content).text_of("b")) >= SchemaEditor.page_rows
    view.page, view.search = 3, "7"
    assert view.page == 0
    view.changed, view.search = True, ""
    assert view.found() == []
    view.edits = {"feature_007": {"presence": "0.5"}}
    assert [rule.feature for rule in view.found()] == ["feature_007"]


def test_without_a_way_to_save_edits_are_only_tried() -> None:
    desk = Desk()
    view = SchemaEditor(desk.rules, desk.check, edits={"age": {"least": "5"}})
    assert Page(view.content).text_of("button") == ["Discard all edits"]
    view.asked = ["save", ""]
    assert view.edits


def test_edits_are_texts_by_feature_and_field() -> None:
    with pytest.raises(traitlets.TraitError):
        _editor(edits={"age": {"least": 5}})


def test_the_script_is_the_common_one_with_cells_around_it() -> None:
    exports = [line for line in SchemaEditor._esm.splitlines() if line.startswith("export ")]
    assert exports == ["export default { render: renderCells };"]
    assert "function render(" in SchemaEditor._esm
