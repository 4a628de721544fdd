"""Where the time of a run went, in all faces."""

from __future__ import annotations

import re
from collections.abc import Callable

import flame_examples as examples
import pytest
import traitlets
from view_checks import check_faces, check_hostile
from widget_pages import Page

from widgets.flame import Flame

VIEWS: dict[str, Callable[[], Flame]] = {
    "run": examples.run,
    "empty": examples.empty,
    "many": examples.many,
    "hostile": examples.hostile,
}


@pytest.mark.parametrize("name", VIEWS)
def test_no_face_runs_or_fetches_anything(name: str) -> None:
    check_faces(VIEWS[name]())


def test_hostile_values_are_read_as_they_are() -> None:
    check_hostile(examples.hostile())


@pytest.mark.parametrize("name", ["run", "empty"])
def test_the_faces_are_the_golden_ones(golden: Callable[[str, str], None], name: str) -> None:
    view = VIEWS[name]()
    golden(f"flame_{name}.html", view.html_face())
    golden(f"flame_{name}.txt", repr(view))
    golden(f"flame_{name}_live.html", view.controls + view.content)


def test_a_bar_is_as_wide_as_its_part_of_the_time() -> None:
    assert re.findall(r"width:([\d.]+)%", examples.run().html_face().split("Kinds")[0]) == [
        "20.00",
        "80.00",
        "87.50",
        "85.71",
    ]


def test_a_chosen_bar_fills_the_view_and_leads_back() -> None:
    view = examples.run()
    view.at = "1/0"
    text = Page(view.content).text
    assert "Trainer took 7 s: TensorFlow 92.9%, other 7.1%." in text
    assert "01_data" not in text
    assert "↑ 20260101-120000-churn" in text
    assert "↑ 03_train" in text
    assert 'data-value="&quot;1/0/0&quot;"' in view.content


@pytest.mark.parametrize("path", ["2", "0/0", "-1", "x"])
def test_a_bar_that_is_not_there_is_refused(path: str) -> None:
    view = examples.run()
    with pytest.raises(traitlets.TraitError, match="Expected the places of a bar"):
        view.at = path
    assert view.at == ""


def test_the_shortest_of_many_bars_are_left_out_and_counted() -> None:
    view = examples.many()
    assert "1,501 short bars left out." in Page(view.content).text
    assert "package_1999: function" in view.content
    assert "package_0: function" not in view.content
