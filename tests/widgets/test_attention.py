"""What a model looked at, in all faces."""

from __future__ import annotations

from collections.abc import Callable

import attention_examples as examples
import pytest
from view_checks import check_faces, check_hostile
from widget_pages import Page

from widgets.attention import ABOVE, NOT_ABOVE, Attention

VIEWS: dict[str, Callable[[], Attention]] = {
    "empty": examples.empty,
    "few": examples.few,
    "many": examples.many,
    "5000": lambda: examples.many(5_000),
    "a long past": lambda: examples.many(50, 500),
    "hostile": examples.hostile,
}


def candidates(view: Attention) -> list[str]:
    return [row.example.candidate for row in view.found()]


@pytest.mark.parametrize("name", VIEWS)
def test_no_face_runs_or_fetches_anything(name: str) -> None:
    check_faces(VIEWS[name]())


def test_hostile_values_are_read_as_they_are() -> None:
    check_hostile(examples.hostile())


@pytest.mark.parametrize("name", ["empty", "few"])
def test_the_faces_are_the_golden_ones(golden: Callable[[str, str], None], name: str) -> None:
    view = VIEWS[name]()
    golden(f"attention_{name}.html", view.html_face())
    golden(f"attention_{name}.txt", repr(view))
    golden(f"attention_{name}_live.html", view.controls + view.content)


def test_the_opened_example_shows_its_past_latest_first() -> None:
    view = examples.few()
    page = Page(view.content)
    names = page.text_of("th")
    assert names[names.index("Attention") + 1 :][:3] == ["i9", "i4", "i1"]
    assert "user_id u7 · device mobile" in page.text
    widths = [part.split("%")[0] for part in view.content.split("width:")[1:]]
    assert widths == ["100", "29", "14"], "by the strongest"
    view.opened = "1"
    text = Page(view.content).text
    assert "device desktop" in text
    assert "device mobile" not in text
    view.opened = ""
    assert "device" not in Page(view.content).text


def test_things_of_the_candidates_group_are_told_apart_and_summed() -> None:
    view = examples.few()
    assert view.content.count('class="s1"') == 2, "i9 and i1 are pets, as i2 is"
    assert view.content.count('class="s5"') == 1
    # 0.8 of the first and nothing of the second, of 2 in all
    assert "40% of the attention is on the candidate's own group" in Page(view.content).text


def test_examples_are_found_by_label_and_words() -> None:
    assert candidates(examples.few(label_is=ABOVE)) == ["i2"]
    assert candidates(examples.few(label_is=NOT_ABOVE)) == ["i3", "i5"]
    assert candidates(examples.few(search=" DESKTOP pets")) == ["i3"], "what it was compared with counts"
    assert "1 example of 3" in Page(examples.few(search="u7").content).text


def test_examples_are_sorted() -> None:
    assert candidates(examples.few(order="score")) == ["i2", "i5", "i3"]
    assert candidates(examples.few(order="peak")) == ["i2", "i3", "i5"]


def test_many_are_paged_and_a_search_begins_at_the_first_page() -> None:
    view = examples.many()
    view.page = 3
    assert f"{3 * Attention.page_rows + 1} to {4 * Attention.page_rows} of 500" in Page(view.content).text
    view.search = "item 49"
    assert view.page == 0


def test_what_is_left_out_of_the_static_face_is_told() -> None:
    assert (
        "examples left out here; the live view in JupyterLab has all"
        in Page(examples.many(5_000).html_face()).text
    )
    assert "left out" not in Page(examples.few().html_face()).text


def test_the_static_face_has_as_many_as_a_page_of_the_live_one() -> None:
    face = examples.many().html_face()
    assert face.count("<details>") == Attention.page_rows
    assert f"{500 - Attention.page_rows} examples" in Page(face).text


def test_without_examples_there_is_nothing_to_search() -> None:
    assert examples.empty().controls == ""
