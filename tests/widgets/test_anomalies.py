from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from decision_examples import Desk, few_anomalies, many_anomalies
from widget_pages import Page

from widgets.anomalies import Anomalies
from widgets.parts import decision_form
from widgets.values.decisions import Anomaly

AGE = "eval/age/LOW"


def test_the_static_face_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    golden("anomalies.html", Anomalies(few_anomalies()).html_face())


def test_the_live_face_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    view = Anomalies(few_anomalies(), Desk().decide, opened=AGE)
    golden("anomalies_live.html", view.controls + view.content)


def test_the_text_face_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    golden("anomalies.txt", repr(Anomalies(many_anomalies(7) + few_anomalies())))


def test_no_anomalies_are_good_news() -> None:
    view = Anomalies([])
    assert repr(view) == "✓ The data follow their schema."
    assert Page(view.content).text == "✓ The data follow their schema."


def _features(view: Anomalies) -> list[str]:
    return [text for text in Page(view.content).text_of("button") if text.startswith("feature_")]


def test_errors_come_before_warnings_and_each_kind_is_counted() -> None:
    text = Page(Anomalies(few_anomalies()).content).text
    assert "4 anomalies: 3 errors, 1 warning, 1 blocked" in text
    places = [text.index(part) for part in ("Errors (3)", "age", "city", "device", "Warnings (1)", "note")]
    assert places == sorted(places)


def test_search_and_pages() -> None:
    view = Anomalies(many_anomalies())
    assert len(_features(view)) == Anomalies.page_rows
    view.page = 1
    assert _features(view) == [
        anomaly.feature for anomaly in view.found()[Anomalies.page_rows : 2 * Anomalies.page_rows]
    ]
    view.search = "STRING 49"
    assert view.page == 0
    assert _features(view) == [f"feature_{number}" for number in ("049", 149, 249, 349, 449)] + [
        f"feature_{number}" for number in (491, 492, 493, 494, 496, 497, 498, 499, 490, 495)
    ]
    assert "15 of 500 anomalies" in Page(view.content).text


def test_a_decision_reaches_kit_and_is_shown() -> None:
    desk = Desk()
    view = Anomalies(few_anomalies(), desk.decide, opened=AGE, undecided=True)
    view.who, view.why = "Ann", "known <b>"
    view.asked = ["ignore", AGE]
    view.asked = ["ignore", AGE]  # a double press
    assert desk.calls == [("ignore", AGE, "Ann", "known <b>")]
    assert view.asked == []
    assert [anomaly.key for anomaly in view.found()] == ["eval/device/DRIFT", "new"]
    view.undecided = False
    text = Page(view.content).text
    assert "○ ignored here" in text
    assert "ignore by Ann: known <b>." in text
    assert "1 ignored here" in text


def test_a_decision_can_be_taken_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    desk, now = Desk(), [0.0]
    monkeypatch.setattr(decision_form, "monotonic", lambda: now[0])
    view = Anomalies(few_anomalies(), desk.decide, opened=AGE)
    view.who, view.why = "Ann", "known"
    for action, seconds in (("ignore", 0), ("block", 0), ("ignore", 0), ("ignore", 2)):
        now[0] += seconds
        view.asked = [action, AGE]
    assert [call[0] for call in desk.calls] == ["ignore", "block", "ignore", "ignore"]


def test_a_refusal_is_told_and_can_be_repeated() -> None:
    desk = Desk()
    view = Anomalies(few_anomalies(), desk.decide, opened=AGE)
    for _ in range(2):
        view.asked = ["block", AGE]
        assert "✗ To block needs a name" in Page(view.content).text
    assert len(desk.calls) == 2, "the same press counts again"
    view.opened = "eval/city/MISSING"
    assert "needs a name" not in Page(view.content).text


def test_a_reason_is_for_one_anomaly_and_the_name_for_all() -> None:
    view = Anomalies(few_anomalies(), Desk().decide, opened=AGE, who="Ann")
    view.why = "the till"
    view.opened = "eval/city/MISSING"
    assert (view.who, view.why) == ("Ann", "")


def test_without_somebody_to_decide_there_is_no_form() -> None:
    view = Anomalies(few_anomalies(), opened=AGE)
    assert "Reason" not in Page(view.content).text
    view.asked = ["ignore", AGE]
    assert not view.anomalies[0].decided


@pytest.mark.parametrize(
    ("key", "says"),
    [
        (AGE, "The first 2 of the 200 rows at fault in eval; rows count from 0"),
        ("eval/device/DRIFT", "No single row is at fault"),
        ("new", "No row of this kind is in the split."),
    ],
)
def test_the_rows_are_shown_or_why_there_are_none(key: str, says: str) -> None:
    assert says in Page(Anomalies(few_anomalies(), opened=key).content).text


def test_a_long_value_is_cut_and_an_empty_one_named() -> None:
    anomaly = Anomaly(
        "k", "error", "eval", "x", "w", "f", 10, 1, (("", 1), ("y" * 200, 1)), ((0, {"x": "y" * 200}),)
    )
    text = Page(Anomalies([anomaly], opened="k").content).text
    assert "(empty) (1)" in text
    assert "y" * 59 + "…" in text
    assert "y" * 61 not in text


def test_one_row_at_fault_is_told_in_the_singular() -> None:
    one = replace(few_anomalies()[0], rows=1, examples=few_anomalies()[0].examples[:1])
    assert "The row at fault in eval; rows count from 0" in Page(Anomalies([one], opened=AGE).content).text
