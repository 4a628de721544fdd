"""What a step spends its time on, in all faces, and beside another training."""

from __future__ import annotations

from collections.abc import Callable

import profile_examples as examples
import pytest
import traitlets
from profile_examples import JIT, PLAIN
from view_checks import check_faces
from widget_examples import HOSTILE
from widget_pages import Page

from widgets.parts.formats import MISSING
from widgets.profile import Profiles

VIEWS: dict[str, Callable[[], Profiles]] = {
    "empty": examples.empty,
    "alone": examples.alone,
    "compared": lambda: examples.compared(opened="add_fusion"),
    "many": lambda: examples.many(opened="fusion.0"),
    "5000": lambda: examples.many(5_000),
    "hostile": lambda: examples.hostile(opened=HOSTILE[0]),
}


@pytest.mark.parametrize("name", VIEWS)
def test_no_face_runs_or_fetches_anything(name: str) -> None:
    check_faces(VIEWS[name]())


def test_hostile_values_are_read_as_they_are() -> None:
    view = examples.hostile(opened=HOSTILE[0])
    for face in (view.html_face(), view.controls + view.content):
        text = Page(face).text
        assert [value for value in HOSTILE if value not in text] == []


@pytest.mark.parametrize("name", ["empty", "alone", "compared"])
def test_the_faces_are_the_golden_ones(golden: Callable[[str, str], None], name: str) -> None:
    view = VIEWS[name]()
    golden(f"profile_{name}.html", view.html_face())
    golden(f"profile_{name}.txt", repr(view))
    golden(f"profile_{name}_live.html", view.controls + view.content)


def rows(view: Profiles) -> list[list[str]]:
    """Return the cells of each operation in the live face."""
    body = view.content.split('aria-label="Operations"')[1].split("<tbody>")[1]
    drawn = [Page(f"<table><tbody>{row}</tr></tbody></table>") for row in body.split("</tr>")[:-1]]
    return [[*page.text_of("th"), *page.text_of("td")] for page in drawn]


def test_the_first_two_trainings_are_compared() -> None:
    view = examples.compared()
    assert (view.run, view.against) == (JIT, PLAIN)
    assert rows(view) == [
        ["dot.3", "XLA kernel", "1", "300", "400"],
        ["add_fusion", "XLA fusion of 3", "1", "20.2", "130.5"],
        ["GatherV2_7", "GatherV2", "1", "10", MISSING],
        ["copy.1", "XLA kernel", "0.5", "1", MISSING],
    ]
    view.run, view.against = PLAIN, JIT
    assert rows(view)[1] == ["model/dense/Relu", "Relu", "1", "90.5", "20.2"], "in the kernel that holds it"
    view.against = ""
    assert rows(view)[0] == ["model/dense/MatMul", "MatMul", "1", "400"]


def test_a_kernel_opens_into_what_it_holds() -> None:
    view = examples.compared()
    assert "Adam/sqrt" not in view.content
    view.opened = "add_fusion"
    text = Page(view.content).text
    assert f"Adam/sqrt{MISSING}" in text, "nobody measured it before"
    assert "model/dense/Relu90.5" in text


def test_the_steps_stand_side_by_side() -> None:
    text = Page(examples.compared().content).text
    assert "A step takes 6.9 ms, and waits 1% of that for its batch." in text
    assert "XLA made 3 kernels; 1 of them holds 3 operations of the graph together." in text
    assert f"{PLAIN}1811.930%1.25 ms4" in text
    assert "XLA compiled nothing." in Page(examples.alone().content).text


def test_operations_are_searched_and_paged() -> None:
    view = examples.many()
    view.page = 2
    assert f"{2 * Profiles.page_rows + 1} to {3 * Profiles.page_rows} of 800" in Page(view.content).text
    view.search = "fusion.79"
    assert view.page == 0
    assert [one.name for one in view.found()][:1] == ["fusion.79"]
    view.search = "nowhere"
    assert "No operation matches the search." in Page(view.content).text
    assert len(examples.compared(search="relu").found()) == 1, "what a kernel holds counts"


def test_an_unknown_training_is_refused() -> None:
    with pytest.raises(
        traitlets.TraitError, match=r"Expected one of 12, lr 0.003 as run, found '7'\. Choose"
    ):
        examples.alone(run="7")


def test_without_a_trace_it_says_what_to_do() -> None:
    assert "profile_steps above 0" in repr(examples.empty())


def test_without_a_training_there_is_nothing_to_choose() -> None:
    assert examples.empty().controls == ""
