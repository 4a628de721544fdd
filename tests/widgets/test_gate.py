from __future__ import annotations

from collections.abc import Callable

from decision_examples import VERDICT, Desk, few_thresholds, many_thresholds
from widget_pages import Page

from widgets.gate import Gate
from widgets.values.decisions import Threshold


def _gate(desk: Desk | None = None, *, overridden: str = "", overriding: bool = False) -> Gate:
    override = (desk or Desk()).override
    return Gate(
        few_thresholds(),
        VERDICT,
        passed=False,
        overridden=overridden,
        override=override,
        overriding=overriding,
    )


def test_the_static_face_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    golden("gate.html", _gate(overridden="Ann, 2026-03-01 12:00 UTC: the campaign").html_face())


def test_the_live_face_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    view = _gate(overriding=True)
    golden("gate_live.html", view.controls + view.content)


def test_the_text_face_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    golden("gate.txt", repr(_gate(overridden="Ann, 2026-03-01 12:00 UTC: the campaign")))


def test_what_was_missed_comes_first() -> None:
    rows = Page(_gate().content).text_of("tr")[1:]
    assert ["✗ missed" in row for row in rows] == [True, True, True, False, False]
    assert rows[0] == "auccity=東京at least 0.80.7810.79-0.009-0.019✗ missed"


def test_a_whisker_stands_at_the_limit_of_a_change() -> None:
    [_, chart, *_] = _gate().content.split("<svg")[1:]
    # 0.41 to 0.43 with 15% of that on both sides is 84 wide, after 3.
    assert '<circle cx="77.3"' in chart, "logloss is 0.43"
    assert '<line x1="12.7" x2="77.3"' in chart, "and was 0.41"
    assert '<line x1="45" x2="45"' in chart, "0.42 would do"


def test_many_thresholds_are_shown_page_by_page() -> None:
    view = Gate(many_thresholds(), "Not blessed.", passed=False)
    assert "1 to 20 of 500" in Page(view.content).text
    view.page = 1
    assert Page(view.content).text_of("tr")[1].startswith(f"auccity=C{Gate.page_rows}at least")


def test_a_passed_gate_has_nothing_to_override() -> None:
    met = [threshold for threshold in few_thresholds() if threshold.met]
    view = Gate(met, "Blessed: all 2 thresholds are met.", passed=True, override=Desk().override)
    assert Page(view.content).text_of("button") == []
    assert repr(view) == "Blessed: all 2 thresholds are met."


def test_without_thresholds_it_says_so() -> None:
    assert "There are no thresholds." in Page(Gate([], "Blessed: no gates.", passed=True).content).text


def test_an_override_is_signed_and_shown() -> None:
    desk = Desk()
    view = _gate(desk)
    assert Page(view.content).text_of("button") == ["Override the verdict"]
    view.overriding = True
    view.asked = ["override", ""]
    assert "✗ To override needs a name" in Page(view.content).text
    view.asked = ["override", ""]
    view.who, view.why = "Ann", "the campaign"
    view.asked = ["override", ""]
    view.asked = ["override", ""]  # a double press
    assert [call[0] for call in desk.calls] == ["override"] * 3
    assert view.overridden == "Ann: the campaign"
    assert "! Overridden by Ann: the campaign" in Page(view.content).text
    assert Page(view.content).text_of("button") == []
    assert VERDICT in Page(view.content).text, "the verdict itself stays"


def test_without_somebody_to_override_there_is_no_form() -> None:
    view = Gate(few_thresholds(), VERDICT, passed=False)
    assert Page(view.content).text_of("button") == []
    view.asked = ["override", ""]
    assert view.overridden == ""


def test_equal_places_do_not_break_the_chart() -> None:
    same = Threshold("auc", "all rows", "at least", 0.5, 0.5, 0.5, 0.0, 0.5, 0.0, met=False)
    assert "<circle" in Gate([same], VERDICT, passed=False).content


def test_a_slice_that_is_too_small_is_not_counted_or_missed() -> None:
    of = ("auc", "device=tv", "at least", 0.7, 0.9, None, None, 0.7, None)
    left_out = Threshold(*of, met=True, note="40 rows, 100 needed")
    missed = Threshold(*of, met=False, note="40 rows, 100 needed")
    view = Gate([left_out, missed], "Not blessed.", passed=False)
    first, second = Page(view.content).text_of("tr")[1:]
    assert first.endswith("✗ missed40 rows, 100 needed")
    assert second.endswith("not counted40 rows, 100 needed")
    assert "missed: auc on device=tv, at least 0.7, 40 rows, 100 needed" in repr(view)
