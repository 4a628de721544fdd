"""The view of a load sweep in all its faces."""

from __future__ import annotations

from collections.abc import Callable

import load_examples as examples
import pytest
from view_checks import check_faces, check_hostile, check_static
from widget_examples import HOSTILE
from widget_pages import Page

from widgets.load import LoadSweep

VIEWS: dict[str, Callable[[], LoadSweep]] = {
    "sample": examples.view,
    "one": lambda: examples.view(only="without batching"),
    "nothing": examples.nothing,
    "never measured": lambda: LoadSweep(None),
    "none does": examples.none_does,
    "only without batching": examples.only_without_batching,
    "hostile": lambda: examples.hostile(only=HOSTILE[1]),
}


@pytest.mark.parametrize("name", list(VIEWS))
def test_no_face_runs_or_fetches_anything(name: str) -> None:
    check_faces(VIEWS[name]())


def test_hostile_values_are_read_as_they_are() -> None:
    check_hostile(examples.hostile())


def test_the_static_face_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    golden("load.html", examples.view().html_face())


def test_the_text_face_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    golden("load.txt", repr(examples.view()))


def test_the_chosen_setting_is_marked_in_words_chart_and_table() -> None:
    page = Page(examples.view().content)
    name = "32 rows, no wait, 1 thread"
    assert f"Chosen: {name}." in page.text
    assert page.text.count(f"✓ {name}") == 2


def test_the_chart_shows_what_is_chosen_beside_one_other() -> None:
    view = examples.view()
    assert view.content.count("<polyline") == 6  # five settings and the wanted p99
    view.only = "without batching"
    assert view.content.count("<polyline") == 3


def test_what_is_far_too_late_is_told_and_not_drawn() -> None:
    page = Page(examples.view().content)
    assert "Points above 80 ms are not drawn" in page.text
    assert "94" in page.text  # p99 without batching at the wanted rate


def test_a_sweep_that_nothing_meets_says_what_to_do() -> None:
    assert "Chosen: none. No setting meets the target: ask for less" in repr(examples.none_does())


def test_what_costs_less_than_the_chosen_setting_is_said() -> None:
    less = "Without batching it is less: 0.2 ms."
    assert "for 0.3 ms of processor time per answer, the least of the settings that batch. " + less in repr(
        examples.cheaper_without_batching()
    )
    assert "it is less" not in repr(examples.view())


def test_where_only_the_server_without_batching_does_it_it_is_advised() -> None:
    said = repr(examples.only_without_batching())
    assert "No batching setting meets the target, but without batching does: use that." in said
    assert "more processors" not in said


def test_before_anything_was_measured_the_command_is_named() -> None:
    for view in (LoadSweep(None), examples.nothing()):
        for face in (repr(view), Page(view.content).text, Page(view.html_face()).text):
            assert "kit tune-batching --rate 500" in face


def test_a_static_face_of_many_keeps_the_chosen_line() -> None:
    view = examples.many()
    check_static(view)
    page = Page(view.html_face())
    assert "settings left out here" in page.text
    assert "✓ setting 2999" in page.text
