"""A search as it is seen while it runs, and as it stays in a notebook."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from tuning_examples import PlayedDesk, begun, ended, hostile, less_is_better, many, none_done, search, trial
from view_checks import check_faces, check_hostile
from widget_pages import Page

from kit.tuning.records import Search
from widgets.parts.axes import Axis, axes_of, passes
from widgets.tuning import Tuning

SEARCHES: dict[str, Callable[[], Search | None]] = {
    "waiting": lambda: None,
    "none done": none_done,
    "begun": begun,
    "ended": ended,
    "less is better": less_is_better,
    "many": many,
    "hostile": hostile,
}


@pytest.mark.parametrize("name", SEARCHES)
def test_what_holds_for_every_view(name: str) -> None:
    check_faces(Tuning(PlayedDesk(SEARCHES[name]())))
    check_faces(Tuning(PlayedDesk(SEARCHES[name]()), brushes={"dropout": [0.2, 0.8], "val_auc": [0.5, 1.0]}))


def test_hostile_names_and_values_are_read_as_they_are() -> None:
    check_hostile(Tuning(PlayedDesk(hostile())))


@pytest.mark.parametrize("name", ["waiting", "begun", "ended"])
def test_the_faces_are_the_golden_ones(golden: Callable[[str, str], None], name: str) -> None:
    brushes = {"dropout": [0.2, 1.0]} if name == "ended" else {}
    view = Tuning(PlayedDesk(SEARCHES[name]()), brushes=brushes)
    golden(f"tuning_{name}.html", view.html_face().partition("</style>")[2])
    golden(f"tuning_{name}.txt", repr(view))
    golden(f"tuning_{name}_live.html", view.controls + view.content)


def test_the_best_trial_comes_first_and_those_without_a_value_last() -> None:
    found = Tuning(PlayedDesk(begun())).found()
    values = [one.objective for one in found]
    assert values[:4] == sorted((one for one in values if one is not None), reverse=True)
    assert values[4:] == [None, None, None]
    least = Tuning(PlayedDesk(less_is_better())).found()
    assert least[0].objective == min(one.objective for one in least if one.objective is not None)


@pytest.mark.parametrize("column", ["Trial", "Time", "learning_rate", "optimizer", "val_auc", "gone"])
def test_any_column_sorts_both_ways(column: str) -> None:
    view = Tuning(PlayedDesk(ended()), order=(column, False))
    forwards = [one.number for one in view.found()]
    view.order = (column, True)
    backwards = [one.number for one in view.found()]
    assert sorted(forwards) == sorted(backwards) == list(range(1, 13))
    if column == "Trial":
        assert forwards == list(range(1, 13))
        assert backwards == forwards[::-1]
    if column == "optimizer":  # where it is not in effect there is nothing to sort by
        assert forwards[-3:] == backwards[-3:] == [4, 8, 12]


def test_a_filter_leaves_out_lines_and_rows() -> None:
    view = Tuning(PlayedDesk(ended()))
    assert 'class="out' not in view.content
    view.brushes = {"units": [0.6, 1.0]}
    left = [one.number for one in view.found()]
    assert left
    assert all(int(one.values["units"]) in {64, 128} for one in view.found())
    rows = Page(view.content).text_of("tr")[1:]
    assert len(rows) == len(left)
    assert view.content.count('class="out"') + view.content.count('class="best out"') == 12 - len(left)
    assert f"{len(left)} of 12 trials pass the filters on units." in Page(view.content).text
    view.brushes = {"optimizer": [0.0, 1.0]}
    assert {4, 8, 12}.isdisjoint(one.number for one in view.found()), "not in effect there"


def test_an_axis_can_be_reached_and_read_by_keyboard() -> None:
    view = Tuning(PlayedDesk(ended()), brushes={"units": [0.3, 0.7]})
    assert view.content.count('role="slider"') == 6
    assert 'aria-label="Filter by units" aria-orientation="vertical"' in view.content
    assert 'aria-valuenow="30" aria-valuetext="32, 64"' in view.content


def test_a_long_search_has_pages() -> None:
    view = Tuning(PlayedDesk(many()))
    assert len(Page(view.content).text_of("tr")) == 1 + Tuning.page_rows
    view.page = 99
    assert "1,981 to 2,000 of 2,000" in Page(view.content).text
    view.order = ("Trial", False)
    assert view.page == 0
    assert "left out here" in Page(view.html_face()).text


def test_places_on_an_axis() -> None:
    numbers = Axis("rate", (), 1e-4, 1e-2, logarithmic=True)
    assert numbers.place(1e-3) == pytest.approx(0.5)
    assert numbers.read(0.5) == "0.001"
    assert Axis("rate", (), 0.0, 4.0).place(1.0) == 0.25
    assert Axis("rate", (), 2.0, 2.0).place(2.0) == 0.5
    assert Axis("rate").ends() == ("–", "–")  # noqa: RUF001  what the views show
    for value in (None, math.nan, math.inf, "text"):
        assert numbers.place(value) is None
    words = Axis("word", ("a", "b", "c"))
    assert [words.place(one) for one in ("a", "b", "c", "d")] == [0.0, 0.5, 1.0, None]
    assert Axis("word", ("only",)).place("only") == 0.5
    assert Axis("switch", (False, True)).ends() == ("no", "yes")


def test_a_filter_needs_a_value() -> None:
    one = search(trial(4))
    axes = axes_of(one)
    assert passes(trial(4), axes, "val_auc", {})
    assert not passes(trial(4), axes, "val_auc", {"optimizer": [0.0, 1.0]})


def test_a_batch_keeps_the_search_as_it_ended(shown_faces: list[str]) -> None:
    desk = PlayedDesk()
    with Tuning(desk):
        desk.play(0)
    assert shown_faces[0] == "Tuning: waits for the first trial"
    assert shown_faces[-1].startswith(
        "Tuning: 12 of 12 trials over after 34 s; 1 known from before; best val_auc 0.796"
    )
    assert len(shown_faces) == 2


def test_a_search_that_fails_says_so(shown_faces: list[str]) -> None:
    with pytest.raises(ZeroDivisionError), Tuning(PlayedDesk(begun())) as view:
        raise ZeroDivisionError
    assert "Tuner has ended without a result" in shown_faces[-1]
    assert "✗" in view.content
    with pytest.raises(ZeroDivisionError), Tuning(PlayedDesk()):
        raise ZeroDivisionError
    assert shown_faces[-1] == "Tuning: Tuner has ended without a search"
