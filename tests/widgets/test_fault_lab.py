from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import traitlets
from fault_lab_examples import (
    FAULTS,
    Judge,
    fault_lab,
    hostile_lab,
    many_columns,
    many_findings,
    picture,
    searched,
)
from view_checks import check_faces, check_hostile
from widget_pages import Page

from widgets.fault_lab import MOST_COLUMNS, FaultLab
from widgets.values.faults import tried
from widgets.view import View

FACES: dict[str, Callable[[], View]] = {
    "empty": lambda: fault_lab(faults=[]),
    "untried": fault_lab,
    "searched": searched,
    "not caught": lambda: fault_lab(share=0.001),
    "whole rows": lambda: fault_lab(fault="duplicated-rows", asked=["inject"]),
    "refused": lambda: fault_lab(column="broken", asked=["search"]),
    "500 columns": many_columns,
    "5000 findings": many_findings,
    "hostile": hostile_lab,
}


@pytest.mark.parametrize("name", FACES)
def test_no_face_runs_or_fetches_anything(name: str) -> None:
    check_faces(FACES[name]())


def test_hostile_values_are_read_as_they_are() -> None:
    check_hostile(hostile_lab())


def test_the_static_face_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    golden("fault_lab.html", searched().html_face())


def test_the_live_face_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    view = searched()
    golden("fault_lab_live.html", view.controls + view.content)


def test_the_text_face_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    golden("fault_lab.txt", repr(searched()) + "\n\n" + repr(fault_lab(share=0.001)))


def test_a_fault_is_put_into_what_was_chosen() -> None:
    judge = Judge()
    view = fault_lab(judge)
    assert "Nothing was tried yet." in Page(view.content).text
    view.column, view.share, view.seed = "age", 0.02, 3
    view.asked = ["inject"]
    assert judge.calls == [("inject", "unit-change", "age", 0.02, 3)]
    assert view.asked == [], "so that it can be pressed again"
    text = Page(view.content).text
    assert "✓ unit-change in age, 2% of the rows: caught by schema; 80 of 4,000 rows, in span 7." in text
    assert "! warnsschemaagevalues of age are out of range0 to 1,000" in text
    assert "1.2% missing" in text
    view.share = 0.5
    assert "✗ stops" in Page(fault_lab(share=0.5).html_face()).text
    assert "2% of the rows: caught" in Page(view.content).text, "the outcome says what it is the outcome of"
    view.fault = "new-value"
    assert view.column == "", "another fault has other columns"
    view.share = 0.001
    view.asked = ["inject"]
    assert judge.calls[-1] == ("inject", "new-value", "city", 0.001, 3)
    assert "✗ new-value in city, 0.1% of the rows: not noticed by any check" in Page(view.content).text


def test_where_nobody_presses_the_chosen_fault_is_tried_once() -> None:
    judge = Judge()
    view = fault_lab(judge, share=0.03)
    assert view._repr_mimebundle_()
    assert repr(view)
    assert judge.calls == [("inject", "unit-change", "price", 0.03, 7)]
    view.share = 0.04
    assert "4% of the rows" in repr(view)
    assert len(judge.calls) == 2


def test_smallest_shares_are_searched_and_kept() -> None:
    judge = Judge()
    view = fault_lab(judge)
    view.asked = ["search"]
    assert judge.calls == [("search", "unit-change", "price", 7)]
    assert "0.025%" in Page(view.content).text
    view.asked = ["all"]
    assert judge.calls[1:] == [
        ("search", "unit-change", "price", 7),
        ("search", "new-value", "city", 7),
        ("search", "duplicated-rows", "", 7),
    ]
    text = Page(view.content).text
    assert "✗ not caught up to 5%" in text
    assert "whole rows" in text
    assert len(view.shares) == 3, "what was searched again has taken the place of what was there"


def test_why_a_fault_cannot_be_tried_is_told() -> None:
    view = fault_lab(column="broken")
    view.asked = ["inject"]
    assert (
        "✗ unit-change in broken, 5% of the rows: There must be values above zero" in Page(view.content).text
    )
    view.asked = ["search"]
    assert "not tried: There is nothing to hit." in Page(view.content).text


def test_all_that_can_be_chosen_are_parameters() -> None:
    judge = Judge()
    view = fault_lab(judge, fault="new-value", share=0.1, seed=5)
    assert view.parameters() == {"fault": "new-value", "column": "city", "share": 0.1, "seed": 5}
    chosen: dict[str, Any] = view.parameters()
    again = fault_lab(judge, **chosen)
    assert repr(again) == repr(view)
    assert judge.calls[0] == judge.calls[1]


@pytest.mark.parametrize(
    ("given", "kept"), [(0, 1e-6), (-3, 1e-6), (7, 1.0), (float("nan"), 1e-6), ("0.25", 0.25)]
)
def test_a_share_is_a_part_of_the_rows(given: object, kept: float) -> None:
    assert fault_lab(share=given).share == kept


def test_an_unknown_fault_is_refused() -> None:
    view = fault_lab()
    with pytest.raises(traitlets.TraitError, match="Expected one of unit-change, new-value, duplicated-rows"):
        view.fault = "gremlins"


def test_of_many_columns_the_first_are_offered_and_the_chosen_one() -> None:
    view = many_columns()
    assert view.content.count('data-trait="column"') == MOST_COLUMNS
    assert "440 columns more: set column" in Page(view.content).text
    view.column = "column_499"
    assert 'aria-pressed="true">column_499' in view.content


def test_a_record_of_plain_values_is_enough() -> None:
    judge = Judge()
    shares = [
        {
            "fault": "new-value",
            "column": "city",
            "share": 0.01,
            "rows": 40,
            "of": 4_000,
            "caught_by": ["schema"],
            "most": 0.05,
        }
    ]
    faults = [{"name": one.name, "what": one.what, "columns": list(one.columns)} for one in FAULTS]
    view = FaultLab.of({"faults": faults}, judge.inject, judge.search, shares, fault="new-value")
    assert "new-value: caught from 1% of the rows on (40 rows)" in repr(view)
    made = tried(judge.inject("unit-change", "price", 0.05, 7))
    assert made.picture is not None
    assert made.picture.name == picture("price")["name"]


@pytest.mark.parametrize("action", ["search", "all", "inject"])
def test_while_a_press_is_answered_it_says_so_and_takes_no_other(action: str) -> None:
    seen: list[Page] = []

    class Slow(Judge):
        def inject(self, fault: str, column: str, share: float, seed: int) -> Mapping[str, Any]:
            seen.append(Page(view.content))
            return super().inject(fault, column, share, seed)

        def search(self, fault: str, column: str, seed: int) -> Mapping[str, Any]:
            seen.append(Page(view.content))
            return super().search(fault, column, seed)

    view = fault_lab(Slow())
    view.asked = [action]
    said = {
        "search": ["searching unit-change, 1 of 1 …"],
        "all": [f"searching {fault.name}, {number} of 3 …" for number, fault in enumerate(FAULTS, 1)],
        "inject": ["injecting into a copy …"],
    }
    for page, text in zip(seen, said[action], strict=True):
        assert text in page.text
    assert view.content.count('aria-disabled="true"') == 0
    assert "…" not in Page(view.content).text
