"""The gate simulator in all its faces, and what moving a threshold changes."""

from __future__ import annotations

from collections.abc import Callable

import blind_spot_examples as examples
import pytest
import traitlets
from view_checks import check_faces, check_hostile
from widget_pages import Page

from widgets.gate_simulator import GateSimulator

VIEWS: dict[str, Callable[[], GateSimulator]] = {
    "few": examples.simulator,
    "moved": lambda: examples.simulator(at=[0.9, 0.9, 0.1, 0.5]),
    "no run": examples.empty_simulator,
    "no gate": examples.without_gates,
    "many": lambda: examples.large_simulator(at=[0.5] * 200),
    "hostile": examples.hostile_simulator,
}


@pytest.mark.parametrize("name", list(VIEWS))
def test_no_face_runs_or_fetches_anything(name: str) -> None:
    check_faces(VIEWS[name]())


def test_hostile_values_are_read_as_they_are() -> None:
    check_hostile(examples.hostile_simulator())


def test_the_static_face_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    golden("gate_simulator.html", examples.simulator(at=[0.75, 0.68, 0.4, -0.01]).html_face())


def test_the_live_face_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    view = examples.simulator()
    golden("gate_simulator_live.html", view.controls + view.content)


def test_the_text_face_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    golden("gate_simulator.txt", repr(examples.simulator(at=[0.75, 0.68, 0.4, -0.01])))


def test_where_the_thresholds_are_runs_have_their_verdict() -> None:
    view = examples.simulator()
    assert view.at == [0.75, 0.7, 0.4, -0.01]
    assert view.passing() == [True, False, None, False]
    assert repr(view) == "1 of 4 runs would pass; 1 unknown; 0 differ from their verdict then."
    rows = Page(view.content).text_of("tr")[1:]
    assert "closest by 0.021: auc on all rows" in rows[0]
    assert "auc on device=mobile: 0.69, below 0.7" in rows[1]
    assert "auc on device=*: slice not evaluated" in rows[2]
    assert "logloss on all rows: 0.45, above 0.4" in rows[3]


def test_a_moved_threshold_is_judged_at_once() -> None:
    view = examples.simulator()
    view.at = [0.75, 0.69, 0.45, -0.01]
    assert view.passing() == [True, True, None, True], "right at it is good enough"
    assert "2 differ from their verdict then" in Page(view.content).text
    assert Page(view.content).text_of("pre") == [examples.write(view.at)]
    view.at = [0.75, 0.69, 0.45, 0.0111]
    assert view.passing() == [False, False, False, True], "what is not known cannot help a run that misses"


@pytest.mark.parametrize("at", [[0.5], [0.5, 0.5, 0.5, float("nan")], []])
def test_it_needs_a_number_for_each_threshold(at: list[float]) -> None:
    view = examples.simulator()
    with pytest.raises(traitlets.TraitError, match="Expected 4 finite numbers"):
        view.at = at
    assert view.at == [0.75, 0.7, 0.4, -0.01]


def test_a_slider_reaches_beyond_the_values_of_all_runs() -> None:
    page = examples.simulator().controls
    assert page.count('type="range"') == page.count('type="number"') == 4
    first = page.split('type="range"')[1].split(">")[0]
    assert 'min="0.729' in first
    assert 'value="0.75"' in first


def test_runs_are_turned_page_by_page() -> None:
    view = examples.large_simulator()
    assert f"1 to {GateSimulator.page_rows} of 300" in Page(view.content).text
    assert "150 thresholds more stay where they are" in view.controls
    view.page = 1
    assert "model 20" in Page(view.content).text


def test_without_gates_every_run_passes() -> None:
    view = examples.without_gates()
    assert view.passing() == [True] * 4
    assert view.controls == ""
    assert repr(view) == "There are no thresholds: each of 4 runs would pass."
